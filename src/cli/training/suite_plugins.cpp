#include "cli/training/suite_plugins.hpp"

#include <algorithm>
#include <filesystem>

namespace spurion::cli {

namespace {

/// A path that the system cannot follow stays as it is: loading it says what is wrong.
std::string canonical_name(const std::filesystem::path& path) {
  std::error_code error;
  const std::filesystem::path followed = std::filesystem::weakly_canonical(path, error);
  return error ? path.string() : followed.string();
}

/// Files given with --plugin.
std::vector<std::string> loaded_of(const CommandLine& line) {
  std::vector<std::string> loaded;
  for (const std::string& file : line.plugins) loaded.push_back(canonical_name(file));
  return loaded;
}

void load_once(const std::filesystem::path& file, std::vector<std::string>& loaded,
               Catalog& catalog) {
  const std::string name = canonical_name(file);
  if (std::find(loaded.begin(), loaded.end(), name) != loaded.end()) return;
  loaded.push_back(name);
  catalog.load_plugin(file);
}

}  // namespace

std::vector<std::string> load_suite_plugins(const Suite& suite, const std::string& suite_argument,
                                            const CommandLine& line, Catalog& catalog) {
  std::vector<std::string> loaded = loaded_of(line);
  for (const std::string& file : suite.plugins) {
    std::filesystem::path path = file;
    std::error_code ignored;
    if (path.is_relative() && std::filesystem::is_regular_file(suite_argument, ignored)) {
      path = std::filesystem::path(suite_argument).parent_path() / path;
    }
    load_once(path, loaded, catalog);
  }
  return loaded;
}

void load_plan_plugins(const harness::TrialPlan& plan, const CommandLine& line, Catalog& catalog) {
  std::vector<std::string> loaded = loaded_of(line);
  for (const CodeFile& file : plan.plugins) load_once(file.name, loaded, catalog);
}

void limit_seeds(Suite& suite, std::int64_t seeds) {
  if (seeds <= 0) return;
  suite.stopping = {};  // a pilot is run as it is asked for
  for (Experiment& one : suite.experiments) one.seeds = std::min(one.seeds, seeds);
}

}  // namespace spurion::cli
