#pragma once

#include <vector>

#include "harness/data/environment_pool.hpp"
#include "spurion/suite.hpp"

namespace spurion::harness {

/// Refuses trials whose parts do not fit each other, which nobody knows before they are made: a
/// model for other inputs than the environment's, a stream that the environment cannot give, more
/// training rows than there are. Throws a `UsageError` that lists every problem with its experiment
/// and, where the suite says them, line and column; a `PluginError` for a metric that cannot be
/// used. Where other code of a plug-in throws anything but bad input, nothing is said: its trials
/// will.
SPURION_API void check_fit(const Suite& suite, const std::vector<TrialSpec>& trials,
                           EnvironmentPool& pool);

}  // namespace spurion::harness
