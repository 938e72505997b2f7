#include "data/array.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

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
      {"|b1", "boolean", 1}, {"|i1", "int8", 1},    {"|u1", "uint8", 1},  {"<i4", "int32", 4},
      {"<i8", "int64", 8},   {"<f4", "float32", 4}, {"<f8", "float64", 8}};
  return kKinds[static_cast<std::size_t>(type)];
}

template <class T>
T element(const std::string& bytes, std::int64_t index) {
  T value;
  std::memcpy(&value, bytes.data() + static_cast<std::size_t>(index) * sizeof(T), sizeof(T));
  return value;
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

const char* element_descr(ElementType type) { return kind_of(type).descr; }
std::int64_t element_size(ElementType type) { return kind_of(type).size; }

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
    case ElementType::int32:
      return element<std::int32_t>(bytes, index);
    case ElementType::int64:
      return static_cast<double>(element<std::int64_t>(bytes, index));
    case ElementType::float32:
      return element<float>(bytes, index);
    case ElementType::float64:
      return element<double>(bytes, index);
  }
  return 0.0;
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
