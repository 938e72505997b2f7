#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "spurion/export.hpp"

namespace spurion::harness {

/// What a merge did.
struct Merged {
  std::int64_t stores = 0;  ///< that were read, the target among them
  std::int64_t trials = 0;  ///< that the target holds now
  std::int64_t added = 0;   ///< of them new in the target
  std::int64_t twice = 0;   ///< found in more than one store beside the target, with equal numbers
  std::vector<std::string> notes;  ///< damaged trials that were left out, a sentence each
};

/// The stores of the shards of a folder: all `*.sqlite` files in the folders that lie in it,
/// sorted.
SPURION_API std::vector<std::filesystem::path> shard_stores(const std::filesystem::path& folder);

/// Makes `folder`/store.sqlite the store of all trials of `sources` and of itself. Every row is
/// checked against its hash first. The order of the sources does not matter, and what is merged
/// again changes nothing. The new file takes the place of the old once it is whole. Throws
/// `StoreError` where a trial has other numbers in two stores, or two hold different suites, naming
/// both files.
SPURION_API Merged merge_stores(const std::filesystem::path& folder,
                                std::vector<std::filesystem::path> sources);

}  // namespace spurion::harness
