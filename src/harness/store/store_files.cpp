#include "harness/store/store_files.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <system_error>

#include "spurion/error.hpp"

namespace spurion::harness {

std::vector<std::filesystem::path> store_files(const std::filesystem::path& folder) {
  std::error_code error;
  if (!std::filesystem::is_directory(folder, error)) {
    throw StoreError(
        error && error != std::errc::no_such_file_or_directory
            ? fmt::format("cannot read folder '{}': {}", folder.string(), error.message())
            : fmt::format("'{}' is not a folder; 'spurion run SUITE --out {}' makes one",
                          folder.string(), folder.string()));
  }
  std::vector<std::filesystem::path> files;
  for (std::filesystem::directory_iterator entry(folder, error), end; !error && entry != end;
       entry.increment(error)) {
    if (entry->path().extension() == ".sqlite") files.push_back(entry->path());
  }
  if (error) {
    throw StoreError(fmt::format("cannot read folder '{}': {}", folder.string(), error.message()));
  }
  if (files.empty()) {
    throw StoreError(
        fmt::format("'{}' holds no store (*.sqlite); run a suite into it first", folder.string()));
  }
  // The one that runs write to comes first: its suite is what is reported.
  std::sort(files.begin(), files.end());
  std::stable_partition(files.begin(), files.end(),
                        [](const auto& file) { return file.filename() == "store.sqlite"; });
  return files;
}

}  // namespace spurion::harness
