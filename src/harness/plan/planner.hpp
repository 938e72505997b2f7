#pragma once

#include <vector>

#include "harness/data/environment_pool.hpp"
#include "spurion/run.hpp"

namespace spurion::harness {

/// As the public `plan` and `pack_of`, with the environments of a run. Uses up the trials.
std::vector<Pack> plan(std::vector<TrialSpec>&& trials, EnvironmentPool& pool,
                       const PlanOptions& options);
Pack pack_of(const std::vector<TrialSpec>& trials, EnvironmentPool& pool);

}  // namespace spurion::harness
