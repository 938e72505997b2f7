#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "harness/store/plan_file.hpp"
#include "harness/suite/trial_id.hpp"
#include "spurion/export.hpp"
#include "spurion/trial.hpp"

namespace spurion::harness {

/// A trial that a store of a folder holds whole.
struct StoredOutcome {
  Status status = Status::done;
  double seconds = 0.0;  ///< processor time
};

/// All trials in the stores of a folder and of the folders in it, found anew from the files.
struct FolderTrials {
  std::unordered_map<TrialId, StoredOutcome, TrialIdHash> trials;
  std::int64_t stores = 0;
  /// The suites that the stores were made for, as TOML, and the first store of each.
  std::map<std::string, std::filesystem::path> suites;
  std::vector<std::string> damage;  ///< a sentence each, with the name of the file
};

/// Reads and checks every row; a file of which nothing can be read is damage, too. Locks nothing,
/// writes nothing.
SPURION_API FolderTrials trials_of_folder(const std::filesystem::path& folder);

/// The suite that all stores of a folder were made for, as TOML. Throws `UsageError` where no store
/// has a suite, or two have different ones.
SPURION_API std::string kept_suite(const FolderTrials& found, const std::filesystem::path& folder);

/// How far a plan is.
struct PlanProgress {
  std::int64_t planned = 0;
  std::int64_t done = 0;  ///< stored, without those that diverged or failed
  std::int64_t diverged = 0;
  std::int64_t failed = 0;
  std::int64_t missing = 0;
  double missing_work = 0.0;  ///< expected, in operations
  /// Processor time for an operation, from the trials that are stored; 0: none is.
  double seconds_each = 0.0;
  /// Processor time that the missing trials are expected to take; 0: not known.
  [[nodiscard]] double missing_seconds() const { return missing_work * seconds_each; }
};

SPURION_API PlanProgress progress_of(const TrialPlan& plan, const FolderTrials& found);

}  // namespace spurion::harness
