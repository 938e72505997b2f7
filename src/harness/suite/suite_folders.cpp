#include <algorithm>
#include <cstdlib>

#include "spurion/suite.hpp"

namespace spurion {

namespace {

void add_suites(const std::filesystem::path& folder, const std::string& prefix,
                std::vector<std::string>& names) {
  std::error_code ignored;  // a folder that cannot be looked into has no suites
  for (const auto& entry : std::filesystem::directory_iterator(folder, ignored)) {
    if (entry.path().extension() != ".toml") continue;
    names.push_back(prefix + entry.path().stem().string());
  }
}

}  // namespace

std::vector<std::filesystem::path> suite_folders() {
  std::vector<std::filesystem::path> folders;
  if (const char* folder = std::getenv("SPURION_SUITES"); folder != nullptr && *folder != '\0') {
    folders.emplace_back(folder);
  }
  std::error_code ignored;  // a folder that cannot be looked into has no suites
  for (const char* folder : {SPURION_SOURCE_SUITES, SPURION_INSTALLED_SUITES}) {
    if (std::filesystem::is_directory(folder, ignored)) folders.emplace_back(folder);
  }
  return folders;
}

std::vector<std::string> suite_names() {
  std::vector<std::string> names;
  for (const auto& folder : suite_folders()) {
    add_suites(folder, "", names);
    std::error_code ignored;
    for (const auto& entry : std::filesystem::directory_iterator(folder, ignored)) {
      std::error_code unknown;
      if (!entry.is_directory(unknown)) continue;
      add_suites(entry.path(), entry.path().filename().string() + "/", names);
    }
  }
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

}  // namespace spurion
