#include "cli/training/suite_plugins.hpp"

#include <filesystem>
#include <set>

namespace spurion::cli {

void load_suite_plugins(const Suite& suite, const std::string& suite_argument,
                        const CommandLine& line, Catalog& catalog) {
  // A path that the system cannot follow stays as it is: loading it says what is wrong.
  const auto canonical = [](const std::filesystem::path& path) {
    std::error_code error;
    std::filesystem::path followed = std::filesystem::weakly_canonical(path, error);
    return error ? path : followed;
  };
  std::set<std::filesystem::path> loaded;
  for (const std::string& file : line.plugins) loaded.insert(canonical(file));
  for (const std::string& file : suite.plugins) {
    std::filesystem::path path = file;
    std::error_code ignored;
    if (path.is_relative() && std::filesystem::is_regular_file(suite_argument, ignored)) {
      path = std::filesystem::path(suite_argument).parent_path() / path;
    }
    if (loaded.insert(canonical(path)).second) {
      catalog.load_plugin(path);
    }
  }
}

}  // namespace spurion::cli
