#include "data/data_directory.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>

#include "catch.hpp"
#include "spurion/error.hpp"
#include "temporary_folder.hpp"

namespace {

namespace fs = std::filesystem;
using spurion::data::data_directory;
using spurion::data::idx_path;
using spurion::data::source_status;
using spurion::tests::TemporaryFolder;

/// Sets or removes an environment variable for as long as it lives.
class ScopedVariable {
 public:
  ScopedVariable(const char* name, const char* value) : name_(name) {
    if (const char* before = std::getenv(name)) {
      before_ = before;
    }
    set(value);
  }
  ~ScopedVariable() { set(before_ ? before_->c_str() : nullptr); }
  ScopedVariable(const ScopedVariable&) = delete;
  ScopedVariable& operator=(const ScopedVariable&) = delete;

 private:
  void set(const char* value) const {
    if (value == nullptr) {
      unsetenv(name_);
    } else {
      setenv(name_, value, 1);
    }
  }
  const char* name_;
  std::optional<std::string> before_;
};

/// A file of the right size that takes no room on the disk.
void write_sparse(const fs::path& file, std::uintmax_t size) {
  std::ofstream(file, std::ios::binary).put('\0');
  fs::resize_file(file, size);
}

}  // namespace

TEST_CASE("data directory: SPURION_DATA, then XDG_DATA_HOME, then the home folder") {
  const ScopedVariable home("HOME", "/home/ada");
  const ScopedVariable xdg("XDG_DATA_HOME", "/xdg");
  {
    const ScopedVariable chosen("SPURION_DATA", "/chosen");
    CHECK(data_directory() == "/chosen");
  }
  for (const char* unset : {static_cast<const char*>(nullptr), ""}) {
    const ScopedVariable chosen("SPURION_DATA", unset);
    CHECK(data_directory() == "/xdg/spurion");
    const ScopedVariable no_xdg("XDG_DATA_HOME", unset);
    CHECK(data_directory() == "/home/ada/.local/share/spurion");
    const ScopedVariable no_home("HOME", unset);
    CHECK(data_directory().is_absolute());
  }
}

spurion::data::SourceStatus status_of(const std::string& name, const fs::path& directory) {
  return source_status(name, spurion::DataSources(directory).image_source(name), directory);
}

TEST_CASE("status of an image source") {
  const TemporaryFolder data;
  const ScopedVariable chosen("SPURION_DATA", data.path().c_str());

  SECTION("glyphs are built in") {
    const auto status = status_of("glyphs", data.path());
    CHECK(status.installed);
    CHECK(status.install_command.empty());
  }
  SECTION("nothing there: says what is missing and what installs it") {
    const auto status = status_of("mnist", data.path());
    CHECK_FALSE(status.installed);
    CHECK(status.folder == data.path() / "mnist");
    CHECK(status.detail == "train-images-idx3-ubyte is missing");
    CHECK(status.install_command == "datasets/install.sh mnist");
  }
  SECTION("another directory than the default is part of the command") {
    CHECK(status_of("mnist", "/it's here").install_command ==
          "SPURION_DATA='/it'\\''s here' datasets/install.sh mnist");
  }
  SECTION("sizes decide, for plain and gzip files") {
    const fs::path folder = data.path() / "fashion_mnist";
    fs::create_directory(folder);
    write_sparse(folder / "train-images-idx3-ubyte", 47040016);
    write_sparse(folder / "train-labels-idx1-ubyte", 60008);
    write_sparse(folder / "t10k-images-idx3-ubyte", 7840016);
    // gzip files end with their decompressed size: 10008 = 0x2718.
    std::ofstream(folder / "t10k-labels-idx1-ubyte.gz", std::ios::binary)
        << std::string("\x1f\x8b...\x18\x27\x00\x00", 9);
    CHECK(idx_path(folder, "t10k-labels-idx1-ubyte") == folder / "t10k-labels-idx1-ubyte.gz");
    CHECK(idx_path(folder, "train-labels-idx1-ubyte") == folder / "train-labels-idx1-ubyte");
    CHECK(status_of("fashion_mnist", data.path()).installed);

    fs::resize_file(folder / "train-labels-idx1-ubyte", 17);
    const auto status = status_of("fashion_mnist", data.path());
    CHECK_FALSE(status.installed);
    CHECK(status.detail == "train-labels-idx1-ubyte holds 17 bytes, expected 60008");
  }
  SECTION("an unknown name") {
    CHECK_THROWS_AS(status_of("mnits", data.path()), spurion::UsageError);
  }
}
