#include "spurion/image_source.hpp"

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "catch.hpp"
#include "spurion/error.hpp"

namespace spurion {
namespace {

namespace fs = std::filesystem;

/// A data folder with a made-up source "mnist", all zero (the files are sparse: they cost no disk).
class FakeMnist {
 public:
  FakeMnist()
      : root_(fs::temp_directory_path() / ("spurion_image_source_" + std::to_string(getpid()))) {
    fs::create_directories(root_ / "mnist");
    images("train", 60000, 28, 28);
    images("t10k", 10000, 28, 28);
    labels("train", 60000);
    labels("t10k", 10000);
  }
  ~FakeMnist() {
    std::error_code ignored;
    fs::remove_all(root_, ignored);
  }
  FakeMnist(const FakeMnist&) = delete;
  FakeMnist& operator=(const FakeMnist&) = delete;

  [[nodiscard]] const fs::path& root() const { return root_; }
  void images(const std::string& stem, std::uint32_t count, std::uint32_t rows,
              std::uint32_t columns) const {
    write(stem + "-images-idx3-ubyte", {0x803, count, rows, columns},
          std::uintmax_t{16} + std::uintmax_t{count} * rows * columns);
  }
  void labels(const std::string& stem, std::uint32_t count) const {
    write(stem + "-labels-idx1-ubyte", {0x801, count}, std::uintmax_t{8} + count);
  }
  void set_label(const std::string& stem, std::int64_t image, char label) const {
    std::fstream file(root_ / "mnist" / (stem + "-labels-idx1-ubyte"),
                      std::ios::binary | std::ios::in | std::ios::out);
    file.seekp(8 + image);
    file.put(label);
  }

 private:
  void write(const std::string& name, const std::vector<std::uint32_t>& header,
             std::uintmax_t bytes) const {
    const fs::path path = root_ / "mnist" / name;
    {
      std::ofstream file(path, std::ios::binary | std::ios::trunc);
      for (const std::uint32_t word : header) {
        for (int shift = 24; shift >= 0; shift -= 8) {
          file.put(static_cast<char>((word >> static_cast<unsigned>(shift)) & 255U));
        }
      }
    }
    fs::resize_file(path, bytes);
  }

  fs::path root_;
};

std::string error_of(const DataSources& sources) {
  try {
    sources.images("mnist", true);
  } catch (const DataError& error) {
    return error.what();
  }
  return "no error";
}

TEST_CASE("Installed files become a pool, loaded once") {
  const FakeMnist data;
  data.set_label("train", 59999, 9);
  const DataSources sources(data.root());
  CHECK(sources.directory() == data.root());
  const auto pool = sources.images("mnist", true);
  CHECK(pool->count == 60000);
  CHECK(pool->pixels.size() == std::size_t{60000} * 28 * 28);
  CHECK(pool->labels.back() == 9);
  CHECK(pool == sources.images("mnist", true));
  CHECK(sources.images("mnist", false)->count == 10000);
}

TEST_CASE("What is asked for by one key is loaded once, and again after a failure") {
  const DataSources sources;
  int loads = 0;
  const auto load = [&]() -> std::string {
    if (++loads == 1) throw DataError("not there yet");
    return "found";
  };
  CHECK_THROWS_AS(sources.once<std::string>("own/a", load), DataError);
  const auto found = sources.once<std::string>("own/a", load);
  CHECK(*found == "found");
  CHECK(sources.once<std::string>("own/a", load) == found);
  CHECK(loads == 2);
  CHECK(sources.once<std::string>("own/b", load) != found);
}

TEST_CASE("A label that is no class names the file and the image") {
  const FakeMnist data;
  data.set_label("train", 1234, 12);
  const std::string message = error_of(DataSources(data.root()));
  CHECK(message.find("train-labels-idx1-ubyte") != std::string::npos);
  CHECK(message.find("label 12 of image 1234") != std::string::npos);
}

TEST_CASE("Images of another shape are refused, also when the bytes add up") {
  const FakeMnist data;
  data.images("train", 30000, 56, 28);
  CHECK(error_of(DataSources(data.root())).find("56 x 28") != std::string::npos);
}

TEST_CASE("A source that does not exist is a usage error") {
  CHECK_THROWS_AS(DataSources().images("fashion-mnist", true), UsageError);
}

}  // namespace
}  // namespace spurion
