#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "harness/store/seal.hpp"

namespace spurion::harness {

/// A trial whose row is not what was written, or is not there.
struct DamagedTrial {
  std::int64_t number = 0;
  std::string id;                        ///< as the row has it; empty: not known
  bool missing = false;                  ///< there is no row, only a membership
  std::vector<std::string> experiments;  ///< as far as memberships tell, each once
};

/// Names of the experiments of trials that are not whole, by the numbers of these.
using LostExperiments = std::map<std::int64_t, std::set<std::string>>;

/// Says of which experiments damaged trials are, adds those of which there is no more than a
/// membership, and sorts them.
void name_experiments(std::vector<DamagedTrial>& trials, LostExperiments experiments);

/// What is wrong with the trials of a store, a sentence each. `whole`: those that are what was
/// written; `expected`: how many there should be; null: not known.
std::vector<std::string> trial_damage(const std::vector<DamagedTrial>& trials, const Tally& whole,
                                      const Tally* expected);

}  // namespace spurion::harness
