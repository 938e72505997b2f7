#include "data/npy.hpp"

#include <fmt/format.h>

#include <cmath>
#include <limits>

#include "catch.hpp"
#include "spurion/error.hpp"
#include "unit/data/data_files.hpp"

using namespace spurion::data;
using Catch::Contains;
using spurion::tests::data_problem;

namespace {

/// A version 1 file with this header and body.
std::string file_of(const std::string& header, const std::string& body) {
  std::string bytes = "\x93NUMPY";
  bytes += '\1';
  bytes += '\0';
  bytes += static_cast<char>(header.size() & 0xFFU);
  bytes += static_cast<char>(header.size() >> 8U);
  return bytes + header + body;
}

std::string dictionary(const char* descr, const char* order, const char* shape) {
  return fmt::format("{{'descr': '{}', 'fortran_order': {}, 'shape': {}, }}\n", descr, order,
                     shape);
}

std::string npy_problem(const std::string& bytes) {
  return data_problem([&] { parse_npy(bytes, "'f.npy'"); });
}

}  // namespace

TEST_CASE("NPY: what is written is read, of every type") {
  CHECK(element_types().size() == 12);
  for (const ElementType type : element_types()) {
    Array array;
    array.type = type;
    array.shape = {2, 3};
    array.bytes = std::string(static_cast<std::size_t>(6 * element_size(type)), '\1');
    const std::string bytes = npy_bytes(array);
    CHECK((bytes.size() - array.bytes.size()) % 64 == 0);
    const Array again = parse_npy(bytes, "'f.npy'");
    CHECK(again.type == type);
    CHECK(again.shape == array.shape);
    CHECK(again.bytes == array.bytes);
  }
  const Array number = parse_npy(npy_bytes(Array::of(std::vector<double>{2.5}, {})), "'f.npy'");
  CHECK(number.shape.empty());
  CHECK(number.number(0) == 2.5);
  CHECK(parse_npy(npy_bytes(Array::of(std::vector<float>{}, {0, 4})), "'f.npy'").count() == 0);
}

TEST_CASE("NPY: short, unsigned and half numbers are what NumPy says they are") {
  const auto numbers = [](const char* descr, const std::string& body) {
    const Array array = parse_npy(file_of(dictionary(descr, "False", "(2,)"), body), "'f.npy'");
    return std::vector<double>{array.number(0), array.number(1)};
  };
  CHECK(numbers("<u2", std::string("\xff\xff\x00\x01", 4)) == std::vector<double>{65535, 256});
  CHECK(numbers("<i2", std::string("\xff\xff\x00\x80", 4)) == std::vector<double>{-1, -32768});
  CHECK(numbers("<u4", std::string("\xff\xff\xff\xff\x01\0\0\0", 8)) ==
        std::vector<double>{4294967295.0, 1});
  // 1.5, and the least positive number of half precision.
  CHECK(numbers("<f2", std::string("\x00\x3e\x01\x00", 4)) ==
        std::vector<double>{1.5, std::ldexp(1.0, -24)});
  // -65504, the largest, and minus infinity.
  CHECK(numbers("<f2", std::string("\xff\xfb\x00\xfc", 4)) ==
        std::vector<double>{-65504, -HUGE_VAL});
}

TEST_CASE("NPY: whole numbers that a double does not hold are told from those that it does") {
  const std::vector<std::int64_t> values = {
      (std::int64_t{1} << 53) + 1, -(std::int64_t{1} << 53), std::int64_t{1} << 62,
      std::numeric_limits<std::int64_t>::min(), std::numeric_limits<std::int64_t>::max()};
  const Array array = Array::of(values, {5});
  CHECK_FALSE(array.exact(0));
  CHECK(array.element_text(0) == "9007199254740993");
  CHECK(array.exact(1));
  CHECK(array.exact(2));
  CHECK(array.exact(3));
  CHECK_FALSE(array.exact(4));
  Array large = array;
  large.type = ElementType::uint64;
  CHECK(large.exact(3));
  CHECK(large.number(3) == std::ldexp(1.0, 63));
}

TEST_CASE("NPY: Fortran order becomes C order") {
  // 2 x 3 with element (i, j) = 10 i + j, column by column.
  const std::string body = {0, 10, 1, 11, 2, 12};
  const Array array = parse_npy(file_of(dictionary("|u1", "True", "(2, 3)"), body), "'f.npy'");
  CHECK(array.bytes == std::string{0, 1, 2, 10, 11, 12});
  // 2 x 2 x 2, the first index fastest.
  const std::string cube = {0, 4, 2, 6, 1, 5, 3, 7};
  CHECK(parse_npy(file_of(dictionary("|u1", "True", "(2, 2, 2)"), cube), "'f.npy'").bytes ==
        std::string{0, 1, 2, 3, 4, 5, 6, 7});
}

TEST_CASE("NPY: versions 2 and 3 have a longer length") {
  const std::string header = dictionary("|u1", "False", "(2,)");
  for (const char version : {'\2', '\3'}) {
    std::string bytes = "\x93NUMPY";
    bytes += version;
    bytes += std::string(1, '\0') + static_cast<char>(header.size()) + std::string(3, '\0');
    CHECK(parse_npy(bytes + header + "ab", "'f.npy'").bytes == "ab");
  }
}

TEST_CASE("NPY: files that are not what they claim get one clear error") {
  const std::string good = dictionary("<f4", "False", "(2, 3)");
  const std::string body(24, 'x');
  CHECK(npy_problem("") == "'f.npy': not an NPY file: it does not start with \\x93NUMPY");
  CHECK(npy_problem(file_of(good, body.substr(1))) ==
        "'f.npy': truncated: expected 24 bytes after the header (<f4 of shape (2, 3)), found 23");
  CHECK(npy_problem(file_of(good, body + "x")) ==
        "'f.npy': too long: expected 24 bytes after the header (<f4 of shape (2, 3)), found 25");
  std::string version = file_of(good, body);
  version[6] = 9;
  CHECK(npy_problem(version) == "'f.npy': byte 6: NPY version 9.0; expected 1.0, 2.0 or 3.0");
  std::string length = file_of(good, body);
  length[9] = '\x7f';
  CHECK_THAT(npy_problem(length), Contains("byte 8: the header is said to have"));
  CHECK_THAT(npy_problem(file_of(dictionary(">f4", "False", "(2,)"), "12345678")),
             Contains("element type '>f4' cannot be read") && Contains("newbyteorder"));
  CHECK_THAT(npy_problem(file_of("{'descr': [('a', '<f4')], 'shape': (2,)}", "")),
             Contains("records"));
  CHECK_THAT(npy_problem(file_of(dictionary("<f4", "Maybe", "(2,)"), "")),
             Contains("expected True or False"));
  CHECK_THAT(npy_problem(file_of(dictionary("<f4", "False", "(-2,)"), "")),
             Contains("expected a size"));
  CHECK_THAT(npy_problem(file_of("{'descr': '<f4', 'shape': (2,)}", "12345678")),
             Contains("the header has no 'fortran_order'"));
  CHECK_THAT(npy_problem(file_of("{'descr': '<f4', 'descr': '<f4'}", "")),
             Contains("appears twice"));
  CHECK_THAT(npy_problem(file_of("{'colour': '<f4'}", "")), Contains("unknown key 'colour'"));
  CHECK_THAT(npy_problem(file_of(dictionary("|b1", "False", "(2,)"), std::string{1, 2})),
             Contains("a boolean is 2, expected 0 or 1"));
}

TEST_CASE("NPY: shapes that no file can hold are refused before anything is allocated") {
  CHECK_THAT(
      npy_problem(file_of(dictionary("<f8", "False", "(4000000000, 4000000000)"), "12345678")),
      Contains("more than any file can hold"));
  CHECK_THAT(npy_problem(file_of(dictionary("<f8", "True", "(4000000000, 0, 4000000000)"), "")),
             Contains("more than any file can hold"));
  CHECK_THAT(npy_problem(file_of(dictionary("<f8", "False", "(99999999999999999999,)"), "")),
             Contains("a size that no file can hold"));
  CHECK_THAT(npy_problem(file_of(dictionary("<f8", "False", "(1000000000000,)"), "12345678")),
             Contains("truncated: expected 8000000000000 bytes"));
}
