#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <unordered_set>
#include <vector>

#include "harness/run/provenance_maker.hpp"
#include "harness/store/stored_facts.hpp"
#include "harness/suite/trial_id.hpp"
#include "spurion/run.hpp"

namespace spurion::harness {

/// Throws `DataError` when trials of a store were made from other rows of a file than `data` are.
void check_store_data(const StoredFacts& stored, const std::filesystem::path& folder,
                      const std::map<std::string, std::string>& data);

/// The trials that a run would make.
struct WantedTrials {
  /// What would make the trial at a place.
  std::function<std::shared_ptr<const Provenance>(std::size_t)> maker_at;
  const std::vector<TrialId>& ids;  ///< by place
};

/// Of the trials that the store holds, those that something else made and that are to be made
/// again. Throws `UsageError` when such trials are to be refused.
std::unordered_set<TrialId, TrialIdHash> changed_trials(const StoredFacts& stored,
                                                        const std::filesystem::path& folder,
                                                        const WantedTrials& wanted,
                                                        Changed changed);

}  // namespace spurion::harness
