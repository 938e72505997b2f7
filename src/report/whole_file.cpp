#include "report/whole_file.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "spurion/error.hpp"

namespace spurion::report {

namespace {

[[noreturn]] void refuse(const std::filesystem::path& path, const std::string& problem) {
  throw StoreError(fmt::format("cannot write '{}': {}", path.string(), problem));
}

std::filesystem::path beside(const std::filesystem::path& path) { return path.string() + ".tmp"; }

}  // namespace

WholeFiles::~WholeFiles() {
  file_.close();
  std::error_code ignored;
  for (const auto& path : paths_) std::filesystem::remove(beside(path), ignored);
  // Those that hold something stay.
  for (auto folder = folders_.rbegin(); folder != folders_.rend(); ++folder) {
    std::filesystem::remove(*folder, ignored);
  }
}

void WholeFiles::make_folder(const std::filesystem::path& folder) {
  if (folder.empty()) return;
  std::error_code error;
  const bool made = std::filesystem::create_directories(folder, error);
  if (error) {
    throw StoreError(fmt::format("cannot create '{}': {}", folder.string(), error.message()));
  }
  if (made) folders_.push_back(folder);
}

void WholeFiles::finish() {
  if (!file_.is_open()) return;
  errno = 0;
  file_.close();
  if (!file_) refuse(paths_.back(), errno == 0 ? "writing failed" : std::strerror(errno));
}

std::ostream& WholeFiles::begin(const std::filesystem::path& path) {
  finish();
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored)) refuse(path, "it is a folder");
  paths_.push_back(path);
  file_.open(beside(path), std::ios::binary | std::ios::trunc);
  if (!file_) refuse(path, std::strerror(errno));
  return file_;
}

void WholeFiles::keep() {
  finish();
  for (const auto& path : paths_) {
    std::error_code error;
    std::filesystem::rename(beside(path), path, error);
    if (error) refuse(path, error.message());
  }
  paths_.clear();
  folders_.clear();
}

void write_whole_file(const std::filesystem::path& path, const std::string& bytes) {
  WholeFiles files;
  files.add(path, bytes);
  files.keep();
}

}  // namespace spurion::report
