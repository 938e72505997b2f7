#include "data/npz.hpp"

#include <sys/resource.h>
#include <unistd.h>
#include <zlib.h>

#include <cstring>
#include <fstream>

#include "catch.hpp"
#include "data/file_bytes.hpp"
#include "data/memory_limit.hpp"
#include "spurion/error.hpp"
#include "temporary_folder.hpp"
#include "unit/data/data_files.hpp"

using namespace spurion::data;
using Catch::Contains;
using spurion::tests::data_problem;
using spurion::tests::write_file;

namespace {

std::vector<std::pair<std::string, Array>> arrays() {
  std::vector<float> zeros(2000, 0.0F);
  zeros[7] = 1.5F;
  return {{"x", Array::of(zeros, {100, 20})},
          {"y", Array::of(std::vector<std::int64_t>{3, -1, 2}, {3})},
          {"metadata", Array::of_text("{\"a\": 1}")}};
}

std::string npz_problem(const std::filesystem::path& file) {
  const std::string text = data_problem([&] { read_npz(file); });
  CHECK_THAT(text, Contains(file.string()));
  CHECK(text.find('\n') == std::string::npos);
  return text;
}

/// Changes every copy (local header and directory) of a 4-byte field that holds `from`.
std::string with_size(std::string bytes, std::uint32_t from, std::uint32_t to) {
  char old[4];
  std::memcpy(old, &from, 4);
  for (std::size_t at = bytes.find(std::string(old, 4)); at != std::string::npos;
       at = bytes.find(std::string(old, 4), at + 4)) {
    std::memcpy(bytes.data() + at, &to, 4);
  }
  return bytes;
}

/// While it lives the process can take about so many bytes more.
class AddressLimit {
 public:
  explicit AddressLimit(std::int64_t more) {
    getrlimit(RLIMIT_AS, &before_);
    std::ifstream pages("/proc/self/statm");
    rlim_t used = 0;
    pages >> used;
    rlimit limit = before_;
    limit.rlim_cur = used * static_cast<rlim_t>(sysconf(_SC_PAGESIZE)) + static_cast<rlim_t>(more);
    setrlimit(RLIMIT_AS, &limit);
  }
  ~AddressLimit() { setrlimit(RLIMIT_AS, &before_); }
  AddressLimit(const AddressLimit&) = delete;
  AddressLimit& operator=(const AddressLimit&) = delete;

 private:
  rlimit before_{};
};

}  // namespace

TEST_CASE("NPZ: what is written is read, stored and deflated, and always the same bytes") {
  const spurion::tests::TemporaryFolder folder;
  for (const Compression compression : {Compression::store, Compression::deflate}) {
    const auto file = folder.path() / "a.npz";
    write_npz(file, arrays(), compression);
    const auto read = read_npz(file);
    REQUIRE(read.size() == 3);
    for (const auto& [name, array] : arrays()) {
      CHECK(read.at(name).type == array.type);
      CHECK(read.at(name).shape == array.shape);
      CHECK(read.at(name).bytes == array.bytes);
    }
    const auto second = folder.path() / "b.npz";
    write_npz(second, arrays(), compression);
    CHECK(read_file_bytes(file, "") == read_file_bytes(second, ""));
    CHECK((std::filesystem::file_size(file) < 2000) == (compression == Compression::deflate));
  }
}

TEST_CASE("NPZ: files that are not what they claim get one clear error") {
  const spurion::tests::TemporaryFolder folder;
  const auto file = folder.path() / "a.npz";
  CHECK_THAT(npz_problem(file), Contains("there is no such file"));
  CHECK_THAT(npz_problem(write_file(file, "this is no archive")), Contains("not an NPZ file"));
  CHECK_THAT(npz_problem(folder.path()), Contains("expected an NPZ file, found a folder"));

  write_npz(file, arrays(), Compression::store);
  const std::string good = read_file_bytes(file, "");
  for (std::size_t size = 1; size < good.size(); size += 97) {
    npz_problem(write_file(file, good.substr(0, size)));
  }
  std::string damaged = good;
  damaged[300] = static_cast<char>(damaged[300] ^ 0x10);
  CHECK_THAT(npz_problem(write_file(file, damaged)), Contains("array 'x'"));

  write_npz(file, {{"x", Array::of(std::vector<float>(1000, 0.0F), {1000})}}, Compression::deflate);
  const std::string packed = read_file_bytes(file, "");
  CHECK_THAT(npz_problem(write_file(file, with_size(packed, 4128, 2000000000))),
             Contains("said to unpack to 2000000000 bytes"));
  CHECK_THAT(npz_problem(write_file(file, with_size(packed, 4128, 4000))), Contains("array 'x'"));
  CHECK_THAT(npz_problem(write_file(file, with_size(packed, 4128, 5000))), Contains("array 'x'"));
}

TEST_CASE("NPZ: an entry of another size than its array is refused before it is unpacked") {
  const spurion::tests::TemporaryFolder folder;
  const auto file = folder.path() / "a.npz";
  write_npz(file, {{"x", Array::of(std::vector<float>(1000000, 0.0F), {1000000})}},
            Compression::store);
  std::string bytes = read_file_bytes(file, "");
  const std::string shape = "(1000000,)";
  bytes.replace(bytes.find(shape), shape.size(), "(2000000,)");
  CHECK_THAT(npz_problem(write_file(file, bytes)),
             Contains("array 'x': truncated: the array's header says 8000128 bytes in all, the "
                      "archive 4000128"));
  bytes.replace(bytes.find("(2000000,)"), shape.size(), "(0000010,)");
  CHECK_THAT(npz_problem(write_file(file, bytes)), Contains("array 'x': too long"));
}

TEST_CASE("NPZ: what unpacks to more than the memory that is free is refused before that") {
  const spurion::tests::TemporaryFolder folder;
  const auto file = folder.path() / "a.npz";
  constexpr std::int64_t kBytes = 256 << 20;
  Array zeros = Array::of_text(std::string(static_cast<std::size_t>(kBytes), '\0'));
  write_npz(file, {{"x", zeros}}, Compression::deflate);
  CHECK(std::filesystem::file_size(file) < 300000);
  zeros = {};
  const double before = free_memory();
  REQUIRE(before > 0.0);
  {
    const AddressLimit limit(kBytes + (kBytes >> 1));  // once, but not with a second copy
    CHECK(free_memory() < 2.0 * kBytes);
    CHECK_THAT(npz_problem(file), Contains("array 'x': |u1 of shape (268435456) takes about 0.5 GB "
                                           "of memory to read; 0.4 GB are free"));
    // What is not asked for is not unpacked.
    CHECK(NpzFile(file).find("x")->header.bytes > kBytes);
  }
  CHECK(read_npz(file).at("x").bytes.size() == kBytes);
}

TEST_CASE("NPZ: a file that cannot be written is a StoreError") {
  CHECK_THROWS_AS(write_npz("/nonexistent/a.npz", arrays(), Compression::store),
                  spurion::StoreError);
}
