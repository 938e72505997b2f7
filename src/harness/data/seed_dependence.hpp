#pragma once

#include "harness/data/environment_pool.hpp"
#include "spurion/trial.hpp"

namespace spurion::harness {

/// Whether numbers that people read of an environment, its ceilings and how many rows its domains
/// have, are others under another data seed. `environment` is one environment of `component`.
SPURION_API bool depends_on_seed(const Component& component, const Environment& environment,
                                 EnvironmentPool& pool);

}  // namespace spurion::harness
