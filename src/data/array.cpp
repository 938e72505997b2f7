#include "data/array.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cmath>
#include <cstring>

#include "spurion/error.hpp"

namespace spurion::data {

namespace {

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "array files hold little-endian numbers");

struct Kind {
  const char* descr;
  const char* name;
  std::int64_t size;
};

const Kind& kind_of(ElementType type) {
  static constexpr Kind kKinds[] = {
      {"|b1", "boolean", 1}, {"|i1", "int8", 1},    {"|u1", "uint8", 1},   {"<i2", "int16", 2},
      {"<u2", "uint16", 2},  {"<i4", "int32", 4},   {"<u4", "uint32", 4},  {"<i8", "int64", 8},
      {"<u8", "uint64", 8},  {"<f2", "float16", 2}, {"<f4", "float32", 4}, {"<f8", "float64", 8}};
  return kKinds[static_cast<std::size_t>(type)];
}

template <class T>
T element(const std::string& bytes, std::int64_t index) {
  T value;
  std::memcpy(&value, bytes.data() + static_cast<std::size_t>(index) * sizeof(T), sizeof(T));
  return value;
}

/// IEEE 754 half precision: 1 sign, 5 exponent and 10 mantissa bits.
double half(std::uint16_t bits) {
  constexpr unsigned kExponentBits = 5;
  constexpr unsigned kMantissaBits = 10;
  constexpr unsigned kMostExponent = (1U << kExponentBits) - 1;
  constexpr int kBias = 15;
  const unsigned exponent = bits >> kMantissaBits & kMostExponent;
  const unsigned mantissa = bits & ((1U << kMantissaBits) - 1);
  double value = 0.0;
  if (exponent == kMostExponent) {
    value = mantissa == 0 ? HUGE_VAL : std::nan("");
  } else if (exponent == 0) {
    value = std::ldexp(mantissa, 1 - kBias - static_cast<int>(kMantissaBits));
  } else {
    value = std::ldexp(mantissa + (1U << kMantissaBits),
                       static_cast<int>(exponent) - kBias - static_cast<int>(kMantissaBits));
  }
  return bits >> 15U != 0 ? -value : value;
}

/// Whether a double holds this whole number: its digits from the first to the last that is not 0
/// are no more than 53 binary ones.
bool fits_double(std::uint64_t magnitude) {
  constexpr std::uint64_t kMost = std::uint64_t{1} << 53;
  while (magnitude > kMost && magnitude % 2 == 0) magnitude /= 2;
  return magnitude <= kMost;
}

template <class T>
Array array_of(ElementType type, const std::vector<T>& values, std::vector<std::int64_t> shape) {
  Array array;
  array.type = type;
  array.shape = std::move(shape);
  array.bytes.assign(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T));
  SPURION_CHECK(array.count() == static_cast<std::int64_t>(values.size()),
                "the shape of an array does not fit its values");
  return array;
}

}  // namespace

const std::vector<ElementType>& element_types() {
  static const std::vector<ElementType> all = {
      ElementType::boolean, ElementType::int8,    ElementType::uint8,   ElementType::int16,
      ElementType::uint16,  ElementType::int32,   ElementType::uint32,  ElementType::int64,
      ElementType::uint64,  ElementType::float16, ElementType::float32, ElementType::float64};
  return all;
}

const char* element_descr(ElementType type) { return kind_of(type).descr; }
std::int64_t element_size(ElementType type) { return kind_of(type).size; }
bool is_whole(ElementType type) { return type < ElementType::float16; }

std::int64_t Array::count() const {
  return static_cast<std::int64_t>(bytes.size()) / element_size(type);
}

double Array::number(std::int64_t index) const {
  switch (type) {
    case ElementType::boolean:
    case ElementType::uint8:
      return element<std::uint8_t>(bytes, index);
    case ElementType::int8:
      return element<std::int8_t>(bytes, index);
    case ElementType::int16:
      return element<std::int16_t>(bytes, index);
    case ElementType::uint16:
      return element<std::uint16_t>(bytes, index);
    case ElementType::int32:
      return element<std::int32_t>(bytes, index);
    case ElementType::uint32:
      return element<std::uint32_t>(bytes, index);
    case ElementType::int64:
      return static_cast<double>(element<std::int64_t>(bytes, index));
    case ElementType::uint64:
      return static_cast<double>(element<std::uint64_t>(bytes, index));
    case ElementType::float16:
      return half(element<std::uint16_t>(bytes, index));
    case ElementType::float32:
      return element<float>(bytes, index);
    case ElementType::float64:
      return element<double>(bytes, index);
  }
  return 0.0;
}

bool Array::exact(std::int64_t index) const {
  if (type == ElementType::uint64) return fits_double(element<std::uint64_t>(bytes, index));
  if (type != ElementType::int64) return true;
  const auto value = element<std::int64_t>(bytes, index);
  const auto bits = static_cast<std::uint64_t>(value);
  return fits_double(value < 0 ? ~bits + 1 : bits);
}

std::string Array::element_text(std::int64_t index) const {
  if (type == ElementType::int64) return fmt::format("{}", element<std::int64_t>(bytes, index));
  if (type == ElementType::uint64) return fmt::format("{}", element<std::uint64_t>(bytes, index));
  return fmt::format("{}", number(index));
}

std::string Array::text() const {
  return fmt::format("{} [{}]", kind_of(type).name, fmt::join(shape, ", "));
}

Array Array::of(const std::vector<float>& values, std::vector<std::int64_t> shape) {
  return array_of(ElementType::float32, values, std::move(shape));
}
Array Array::of(const std::vector<double>& values, std::vector<std::int64_t> shape) {
  return array_of(ElementType::float64, values, std::move(shape));
}
Array Array::of(const std::vector<std::int64_t>& values, std::vector<std::int64_t> shape) {
  return array_of(ElementType::int64, values, std::move(shape));
}
Array Array::of_text(std::string_view text) {
  Array array;
  array.type = ElementType::uint8;
  array.shape = {static_cast<std::int64_t>(text.size())};
  array.bytes = text;
  return array;
}

}  // namespace spurion::data
