#include "data/data_directory.hpp"

#include <fmt/format.h>
#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <optional>
#include <system_error>

#include "spurion/error.hpp"

namespace spurion::data {
namespace {

namespace fs = std::filesystem;

std::string environment_variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string() : std::string(value);
}

/// The size that `file` has once decompressed: its own, or what the last four bytes of gzip say.
std::optional<std::uint64_t> content_size(const fs::path& file) {
  std::error_code error;
  if (!fs::is_regular_file(file, error)) {
    return std::nullopt;
  }
  if (file.extension() != ".gz") {
    const auto size = fs::file_size(file, error);
    return error ? std::nullopt : std::optional<std::uint64_t>(size);
  }
  std::ifstream input(file, std::ios::binary);
  std::array<char, 4> tail{};
  if (!input.seekg(-4, std::ios::end) || !input.read(tail.data(), tail.size())) {
    return 0;
  }
  std::uint64_t size = 0;
  for (std::size_t i = tail.size(); i-- > 0;) {
    size = size << 8 | static_cast<std::uint8_t>(tail[i]);
  }
  return size;
}

/// What is wrong with the first bad file in `folder`, or nothing.
std::string first_problem(const fs::path& folder, const ImageSourceInfo& info) {
  for (const ImageFile& expected : info.files) {
    const fs::path file = idx_path(folder, expected.name);
    const auto size = content_size(file);
    if (!size) {
      return fmt::format("{} is missing", expected.name);
    }
    if (*size != expected.bytes) {
      return fmt::format("{} holds {} bytes, expected {}", file.filename().string(), *size,
                         expected.bytes);
    }
  }
  return {};
}

std::string shell_quoted(const std::string& text) {
  std::string quoted = "'";
  for (const char letter : text) {
    quoted += letter == '\'' ? std::string("'\\''") : std::string(1, letter);
  }
  return quoted + "'";
}

}  // namespace

fs::path data_directory() {
  if (const auto chosen = environment_variable("SPURION_DATA"); !chosen.empty()) {
    return chosen;
  }
  if (const auto xdg = environment_variable("XDG_DATA_HOME"); !xdg.empty()) {
    return fs::path(xdg) / "spurion";
  }
  std::string home = environment_variable("HOME");
  if (home.empty()) {
    const passwd* user = getpwuid(getuid());
    if (user == nullptr || user->pw_dir == nullptr) {
      throw DataError("no home directory to keep data in: set SPURION_DATA to a folder");
    }
    home = user->pw_dir;
  }
  return fs::path(home) / ".local" / "share" / "spurion";
}

SourceStatus source_status(const std::string& name, const ImageSourceInfo& info,
                           const fs::path& directory) {
  SourceStatus status;
  status.name = name;
  if (info.drawn()) {
    status.installed = true;
    status.detail = info.text();
    return status;
  }
  status.folder = directory / name;
  const std::string problem = first_problem(status.folder, info);
  status.installed = problem.empty();
  status.detail = status.installed ? info.text() : problem;
  status.install_command = info.install;
  if (!info.install.empty() && directory != data_directory()) {
    status.install_command =
        fmt::format("SPURION_DATA={} {}", shell_quoted(directory.string()), info.install);
  }
  return status;
}

fs::path idx_path(const fs::path& folder, const std::string& name) {
  std::error_code error;
  fs::path plain = folder / name;
  fs::path compressed = folder / (name + ".gz");
  return !fs::exists(plain, error) && fs::exists(compressed, error) ? compressed : plain;
}

}  // namespace spurion::data
