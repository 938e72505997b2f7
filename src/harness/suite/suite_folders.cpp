#include <algorithm>
#include <cstdlib>

#include "spurion/suite.hpp"

namespace spurion {

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
    std::error_code ignored;
    for (const auto& entry : std::filesystem::directory_iterator(folder, ignored)) {
      if (entry.path().extension() == ".toml") names.push_back(entry.path().stem().string());
    }
  }
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

}  // namespace spurion
