#include "data/idx.hpp"

#include <zlib.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "catch.hpp"
#include "spurion/error.hpp"
#include "temporary_folder.hpp"
#include "unit/data/data_files.hpp"

namespace {

namespace fs = std::filesystem;
using spurion::data::read_idx_images;
using spurion::data::read_idx_labels;
using spurion::tests::data_problem;

/// A folder of its own for each test case.
class Files : public spurion::tests::TemporaryFolder {
 public:
  [[nodiscard]] fs::path write(const std::string& name, const std::string& bytes) const {
    std::ofstream(path() / name, std::ios::binary) << bytes;
    return path() / name;
  }
  fs::path operator/(const std::string& name) const { return path() / name; }
};

std::string big_endian(std::uint32_t word) {
  std::string bytes;
  for (const int shift : {24, 16, 8, 0}) {
    bytes += static_cast<char>(static_cast<unsigned char>(word >> shift));
  }
  return bytes;
}

std::string header(const std::vector<std::uint32_t>& words) {
  std::string bytes;
  for (const std::uint32_t word : words) {
    bytes += big_endian(word);
  }
  return bytes;
}

std::string counting(std::size_t size) {
  std::string bytes;
  for (std::size_t i = 0; i < size; ++i) {
    bytes += static_cast<char>(static_cast<unsigned char>(i * 7 % 251));
  }
  return bytes;
}

std::string images(std::uint32_t count, std::uint32_t rows, std::uint32_t columns) {
  return header({0x803, count, rows, columns}) +
         counting(std::size_t{count} * std::size_t{rows} * std::size_t{columns});
}

std::string gzip(const std::string& bytes) {
  z_stream deflater{};
  REQUIRE(deflateInit2(&deflater, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK);
  std::string out(deflateBound(&deflater, static_cast<uLong>(bytes.size())) + 32, '\0');
  std::string in = bytes;
  deflater.next_in = reinterpret_cast<Bytef*>(in.data());
  deflater.avail_in = static_cast<uInt>(in.size());
  deflater.next_out = reinterpret_cast<Bytef*>(out.data());
  deflater.avail_out = static_cast<uInt>(out.size());
  REQUIRE(deflate(&deflater, Z_FINISH) == Z_STREAM_END);
  out.resize(deflater.total_out);
  deflateEnd(&deflater);
  return out;
}

std::string image_problem(const fs::path& file) {
  std::string text = data_problem([&] { read_idx_images(file); });
  const std::string prefix = "'" + file.string() + "': ";
  REQUIRE(text.substr(0, prefix.size()) == prefix);
  CHECK(text.find('\n') == std::string::npos);
  return text.substr(prefix.size());
}

}  // namespace

TEST_CASE("IDX images, plain and gzip, read the same") {
  const Files folder;
  const std::string bytes = images(5, 3, 4);
  const auto name = GENERATE(as<std::string>{}, "plain", "gzip", "two gzip members",
                             "wrong suffix.gz", "padded gzip", "padded members");
  CAPTURE(name);
  std::string content = bytes;
  if (name == "gzip") {
    content = gzip(bytes);
  } else if (name == "two gzip members") {
    content = gzip(bytes.substr(0, 21)) + gzip(bytes.substr(21));
  } else if (name == "padded gzip") {  // to the end of a block, and over the reader's buffer
    content = gzip(bytes) + std::string(70000, '\0');
  } else if (name == "padded members") {
    content = gzip(bytes.substr(0, 21)) + std::string(9, '\0') + gzip(bytes.substr(21));
  }
  const auto read = read_idx_images(folder.write(name, content));
  CHECK(read.count == 5);
  CHECK(read.rows == 3);
  CHECK(read.columns == 4);
  CHECK(std::string(read.pixels.begin(), read.pixels.end()) == bytes.substr(16));
}

TEST_CASE("IDX images longer than the read buffer keep every byte") {
  const Files folder;
  const std::string bytes = images(300, 28, 28);  // 235,216 bytes
  for (const bool compressed : {false, true}) {
    const auto read = read_idx_images(folder.write("images", compressed ? gzip(bytes) : bytes));
    CHECK(read.count == 300);
    CHECK(std::string(read.pixels.begin(), read.pixels.end()) == bytes.substr(16));
  }
}

TEST_CASE("IDX labels, plain and gzip") {
  const Files folder;
  const std::string bytes = header({0x801, 4}) + std::string("\x00\x09\x03\x07", 4);
  for (const bool compressed : {false, true}) {
    const auto read = read_idx_labels(folder.write("labels", compressed ? gzip(bytes) : bytes));
    CHECK(read.labels == std::vector<std::uint8_t>{0, 9, 3, 7});
  }
}

// Long because it is a list of cases: one section for each kind of damage.
TEST_CASE("IDX files that are not what they claim get one clear error") {
  const Files folder;
  const std::string good = images(2, 2, 3);

  SECTION("missing") { CHECK(image_problem(folder / "nowhere") == "there is no such file"); }
  SECTION("a folder") {
    CHECK(image_problem(folder / "") == "expected an IDX file, found a folder");
  }
  SECTION("empty") {
    CHECK(image_problem(folder.write("f", "")) ==
          "truncated: expected an IDX header of 16 bytes, found 0");
  }
  SECTION("header cut short") {
    CHECK(image_problem(folder.write("f", good.substr(0, 11))) ==
          "truncated: expected an IDX header of 16 bytes, found 11");
  }
  SECTION("labels instead of images, and the other way round") {
    const auto labels = folder.write("labels", header({0x801, 2}) + "ab");
    CHECK(
        image_problem(labels) ==
        "wrong kind of file: expected magic number 0x00000803 (images), found 0x00000801 (labels)");
    const auto file = folder.write("images", good);
    CHECK(data_problem([&] { read_idx_labels(file); }).find("found 0x00000803 (images)") !=
          std::string::npos);
  }
  SECTION("something else altogether") {
    CHECK(image_problem(folder.write("f", "<!DOCTYPE html>")) ==
          "wrong kind of file: expected magic number 0x00000803 (images), found 0x3c21444f");
  }
  SECTION("body cut short, by any number of bytes") {
    for (std::size_t missing = 1; missing <= 12; ++missing) {
      const std::string cut = good.substr(0, good.size() - missing);
      const std::string expected =
          "truncated: expected 12 bytes after the header (2 x 2 x 3), found " +
          std::to_string(12 - missing);
      CHECK(image_problem(folder.write("f", cut)) == expected);
      CHECK(image_problem(folder.write("f.gz", gzip(cut))) == expected);
    }
  }
  SECTION("bytes after the end") {
    const std::string expected =
        "too long: expected 12 bytes after the header (2 x 2 x 3), found more";
    CHECK(image_problem(folder.write("f", good + "x")) == expected);
    CHECK(image_problem(folder.write("f.gz", gzip(good + "x"))) == expected);
    CHECK(image_problem(folder.write("f2.gz", gzip(good) + "x")) ==
          "too long: there are bytes after the end of the gzip data");
    CHECK(image_problem(folder.write("f3.gz", gzip(good) + std::string(3, '\0') + "x")) ==
          "too long: there are bytes after the end of the gzip data");
  }
  SECTION("a size of 0") {
    CHECK(image_problem(folder.write("f", header({0x803, 2, 0, 3}))) ==
          "the header says 2 x 0 x 3: expected no size to be 0");
  }
  SECTION("more than any file can hold") {
    const std::string absurd = header({0x803, 0xffffffff, 0xffffffff, 0xffffffff}) + "abc";
    CHECK(image_problem(folder.write("f", absurd)) ==
          "the header says 4294967295 x 4294967295 x 4294967295: more than any file can hold");
  }
  SECTION("terabytes promised, three bytes there: no allocation of terabytes") {
    const std::string absurd = header({0x803, 0x7fffffff, 28, 28}) + "abc";
    const std::string expected =
        "truncated: expected 1683627179248 bytes after the header (2147483647 x 28 x 28), found 3";
    CHECK(image_problem(folder.write("f", absurd)) == expected);
    CHECK(image_problem(folder.write("f.gz", gzip(absurd))) == expected);
  }
  SECTION("gzip data cut short anywhere") {
    const std::string compressed = gzip(good);
    for (std::size_t size = 2; size < compressed.size(); ++size) {
      CHECK(image_problem(folder.write("f.gz", compressed.substr(0, size))) ==
            "truncated: the gzip data end before their end mark");
    }
  }
  SECTION("gzip data with any byte of the body or the check sum changed") {
    const std::string compressed = gzip(good);
    for (std::size_t at = 10; at < compressed.size(); ++at) {
      std::string damaged = compressed;
      damaged[at] = static_cast<char>(damaged[at] ^ 0x10);
      const std::string text = image_problem(folder.write("f.gz", damaged));
      CHECK_FALSE(text.empty());
    }
  }
}
