#pragma once

#include <filesystem>
#include <memory>
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

/// As `spurion::read_results`. `kept`: what a run has read of its store and written to it
/// (`Store::take_content`), which is not read again; null: all is read.
SPURION_API IdentifiedResults read_identified(const std::filesystem::path& folder,
                                              const ReadOptions& options = {},
                                              std::shared_ptr<StoreContent> kept = nullptr);

/// Of each trial whether none before it has its id: one of several experiments is there once for
/// each.
SPURION_API std::vector<bool> first_times(const std::vector<TrialId>& ids);

}  // namespace spurion::harness
