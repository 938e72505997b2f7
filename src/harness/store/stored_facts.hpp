#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "harness/store/identified_results.hpp"
#include "harness/suite/trial_id.hpp"
#include "spurion/store.hpp"

namespace spurion::harness {

/// The file that runs write; others beside it are read, too.
inline constexpr const char* kStoreFile = "store.sqlite";

/// What a folder's store holds, in short: enough to say what is left to run.
struct StoredFacts {
  bool exists = false;
  std::map<std::string, std::string> context;
  /// Trials that are whole, and what made them: null where it is not known.
  std::unordered_map<TrialId, std::shared_ptr<const Provenance>, TrialIdHash> finished;
  std::vector<std::string> damage;  ///< a sentence each
  /// Results that the store keeps (`Store::take_content`), without specs: to be given theirs.
  std::shared_ptr<StoreContent> kept;
};

/// Of the store a folder holds, or none, without a lock on it and without writing. Throws
/// `StoreError` when nothing can be read.
SPURION_API StoredFacts read_facts(const std::filesystem::path& folder);

/// How trials ended, those of earlier runs included.
struct Outcomes {
  std::int64_t done = 0;
  std::int64_t diverged = 0;
  std::int64_t failed = 0;
  std::map<std::string, std::int64_t> messages;  ///< of diverged and failed trials -> how many
  std::string peak_memory;                       ///< of the last run, "431 MB of 600 MB"
};

/// Of those trials of a folder's results that are `wanted`, each counted once. `wanted`: sorted.
SPURION_API Outcomes outcomes_of(const IdentifiedResults& found,
                                 const std::vector<TrialId>& wanted);

/// Throws `StoreError` where a run could not write into this folder: a part of its path is no
/// folder, or may not be written to. Makes nothing.
SPURION_API void check_output_folder(const std::filesystem::path& folder);

}  // namespace spurion::harness
