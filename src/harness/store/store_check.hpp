#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "harness/store/damaged_trials.hpp"
#include "spurion/export.hpp"

namespace spurion::harness {

/// What a store is found to be once each of its rows was checked.
struct CheckedStore {
  std::filesystem::path file;
  std::int64_t trials = 0;                   ///< that are what was written
  std::vector<std::string> damage;           ///< a sentence each
  std::vector<DamagedTrial> damaged_trials;  ///< by number
  std::int64_t makers_lost = 0;  ///< whole trials whose record of what made them is damaged
  std::string problem;           ///< why nothing could be read; else empty
  bool can_be_repaired = true;   ///< it is a store of ours

  [[nodiscard]] bool is_whole() const {
    return damage.empty() && makers_lost == 0 && problem.empty();
  }
  /// Whether something is to be dropped. A damaged record of what made trials is not: the next run
  /// knows it and writes it again.
  [[nodiscard]] bool needs_repair() const {
    return can_be_repaired && !(damage.empty() && problem.empty());
  }
};

/// Checks every row of every store of a folder and of its shards, which are folders in it, and the
/// structure of the files. Takes no lock and writes nothing. Throws `StoreError` when the folder
/// has no store or cannot be read.
SPURION_API std::vector<CheckedStore> check_stores(const std::filesystem::path& folder);

/// What became of a store.
struct RepairedStore {
  CheckedStore before;
  CheckedStore after;          ///< the same where nothing was done
  std::filesystem::path copy;  ///< of the damaged file; empty where nothing was done
};

/// Drops what is damaged in the same stores: each is written again with all that is whole,
/// and the damaged file is kept beside it. Throws `StoreError` when the folder has no store, is in
/// use, or cannot be written.
SPURION_API std::vector<RepairedStore> repair_stores(const std::filesystem::path& folder);

}  // namespace spurion::harness
