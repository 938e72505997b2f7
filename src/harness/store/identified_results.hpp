#pragma once

#include <filesystem>
#include <vector>

#include "harness/suite/trial_id.hpp"
#include "spurion/store.hpp"

namespace spurion::harness {

/// Results with the ids of their trials, which the store has: to work them out again takes as long
/// as to read the trials.
struct IdentifiedResults {
  StoredResults results;
  std::vector<TrialId> ids;  ///< of `results.trials`, in their order
};

/// As `spurion::read_results`.
SPURION_API IdentifiedResults read_identified(const std::filesystem::path& folder,
                                              const ReadOptions& options = {});

/// Of each trial whether none before it has its id: one of several experiments is there once for
/// each.
SPURION_API std::vector<bool> first_times(const std::vector<TrialId>& ids);

}  // namespace spurion::harness
