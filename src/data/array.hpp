#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "spurion/export.hpp"

namespace spurion::data {

/// What an array file may hold: little-endian numbers of these kinds.
enum class ElementType {
  boolean,
  int8,
  uint8,
  int16,
  uint16,
  int32,
  uint32,
  int64,
  uint64,
  float16,
  float32,
  float64
};

/// All of them, in the order of the enumeration.
SPURION_API const std::vector<ElementType>& element_types();
/// NumPy's name of it, "<f4".
SPURION_API const char* element_descr(ElementType type);
SPURION_API std::int64_t element_size(ElementType type);
SPURION_API bool is_whole(ElementType type);  ///< an integer or a boolean

/// An array of numbers as NPY and NPZ files hold them, in C order.
struct SPURION_API Array {
  ElementType type = ElementType::float32;
  std::vector<std::int64_t> shape;  ///< empty: one number
  std::string bytes;                ///< little-endian, one element after the other

  [[nodiscard]] std::int64_t count() const;
  /// Element `index` in C order as a number; integers beyond 2^53 may lose digits.
  [[nodiscard]] double number(std::int64_t index) const;
  /// Whether `number` is the element itself and not only the double that is nearest to it.
  [[nodiscard]] bool exact(std::int64_t index) const;
  /// The element in decimal digits, all of an integer.
  [[nodiscard]] std::string element_text(std::int64_t index) const;
  /// "float32 [3, 4]".
  [[nodiscard]] std::string text() const;

  static Array of(const std::vector<float>& values, std::vector<std::int64_t> shape);
  static Array of(const std::vector<double>& values, std::vector<std::int64_t> shape);
  static Array of(const std::vector<std::int64_t>& values, std::vector<std::int64_t> shape);
  /// Text as uint8 [n].
  static Array of_text(std::string_view text);
};

}  // namespace spurion::data
