#include "harness/suite/suite_file.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <vector>

#include "core/nearest_names.hpp"
#include "spurion/error.hpp"
#include "spurion/suite.hpp"

namespace spurion::harness {

namespace {

/// The suites with a name like this one, with the folders of those that lie in one.
std::vector<std::string> near_suites(const std::string& name) {
  constexpr std::size_t kMost = 3;
  const std::vector<std::string> all = suite_names();
  std::vector<std::string> bare;  // without folders
  for (const std::string& one : all) bare.push_back(one.substr(one.rfind('/') + 1));
  const std::string asked = name.substr(name.rfind('/') + 1);
  std::vector<std::string> near;
  for (const std::string& found : core::nearest_names(asked, bare, kMost)) {
    for (std::size_t i = 0; i < all.size() && near.size() < kMost; ++i) {
      if (bare[i] == found) near.push_back(all[i]);
    }
  }
  return near;
}

/// Whether a path is that of a suite in a folder of suites: "published/liner_unit_tests".
bool in_suite_folder(const std::filesystem::path& path) {
  const std::string folder = path.parent_path().string() + "/";
  const std::vector<std::string> all = suite_names();
  return std::any_of(all.begin(), all.end(),
                     [&](const std::string& one) { return one.rfind(folder, 0) == 0; });
}

/// Said of a suite that is not found: what was looked for, and the nearest that came with spurion.
std::string unknown_suite(const std::string& name_or_file) {
  namespace fs = std::filesystem;
  const fs::path path = name_or_file;
  const bool file =
      path.extension() == ".toml" || (path.has_parent_path() && !in_suite_folder(path));
  const std::string name = path.extension() == ".toml" ? path.stem().string() : name_or_file;
  const std::vector<std::string> near = near_suites(name);
  std::error_code ignored;
  const std::string where = path.is_relative() ? " in " + fs::current_path(ignored).string() : "";
  const std::string named = near.empty() ? "" : fmt::format("'{}'", fmt::join(near, "' or '"));
  if (file) {
    return fmt::format(
        "there is no file '{}'{}. Suites that come with spurion have names without '.toml'; "
        "'spurion list suites' shows them{}",
        name_or_file, where, named.empty() ? "" : "; the nearest: " + named);
  }
  return fmt::format(
      "unknown suite '{}'{} No suite that comes with spurion has this name ('spurion list suites' "
      "shows them), and there is no file of this name{}",
      name_or_file, named.empty() ? "." : "; did you mean " + named + "?", where);
}

}  // namespace

std::filesystem::path suite_file(const std::string& name_or_file) {
  const std::filesystem::path path = name_or_file;
  std::error_code error;
  if (std::filesystem::is_regular_file(path, error)) return path;
  for (const auto& folder : suite_folders()) {
    const auto candidate = folder / (name_or_file + ".toml");
    std::error_code ignored;
    if (std::filesystem::is_regular_file(candidate, ignored)) return candidate;
  }
  // A folder, a pipe, a loop of links: reading says what is wrong.
  const auto type = std::filesystem::status(path, error).type();
  if (type != std::filesystem::file_type::not_found) return path;
  throw UsageError(unknown_suite(name_or_file));
}

}  // namespace spurion::harness
