#include "report/whole_file.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <set>

#include "spurion/error.hpp"

namespace spurion::report {

namespace {

[[noreturn]] void refuse(const std::filesystem::path& path, const std::string& problem) {
  throw StoreError(fmt::format("cannot write '{}': {}", path.string(), problem));
}

/// Files written beside those that they will replace, and folders made for them; what is not kept
/// goes away again.
class Unfinished {
 public:
  ~Unfinished() {
    std::error_code ignored;
    for (const auto& path : paths_) std::filesystem::remove(beside(path), ignored);
    // Those that hold something stay.
    for (auto folder = folders_.rbegin(); folder != folders_.rend(); ++folder) {
      std::filesystem::remove(*folder, ignored);
    }
  }

  void add_folder(const std::filesystem::path& folder) {
    if (folder.empty()) return;
    std::error_code error;
    const bool made = std::filesystem::create_directories(folder, error);
    if (error) {
      throw StoreError(fmt::format("cannot create '{}': {}", folder.string(), error.message()));
    }
    if (made) folders_.push_back(folder);
  }

  void add(const std::filesystem::path& path, const std::string& bytes) {
    std::error_code ignored;
    if (std::filesystem::is_directory(path, ignored)) refuse(path, "it is a folder");
    paths_.push_back(path);
    std::ofstream file(beside(path), std::ios::binary | std::ios::trunc);
    file << bytes;
    file.flush();
    if (!file) refuse(path, std::strerror(errno));
  }

  void keep() {
    for (const auto& path : paths_) {
      std::error_code error;
      std::filesystem::rename(beside(path), path, error);
      if (error) refuse(path, error.message());
    }
    paths_.clear();
  }

 private:
  static std::filesystem::path beside(const std::filesystem::path& path) {
    return path.string() + ".tmp";
  }

  std::vector<std::filesystem::path> paths_;
  std::vector<std::filesystem::path> folders_;
};

}  // namespace

void write_whole_file(const std::filesystem::path& path, const std::string& bytes) {
  Unfinished unfinished;
  unfinished.add(path, bytes);
  unfinished.keep();
}

void write_whole_files(const std::vector<std::pair<std::filesystem::path, std::string>>& files) {
  Unfinished unfinished;
  std::set<std::filesystem::path> folders;
  for (const auto& [path, bytes] : files) folders.insert(path.parent_path());
  for (const std::filesystem::path& folder : folders) unfinished.add_folder(folder);
  for (const auto& [path, bytes] : files) unfinished.add(path, bytes);
  unfinished.keep();
}

}  // namespace spurion::report
