#pragma once

#include <vector>

#include "spurion/regime.hpp"
#include "spurion/trial.hpp"

namespace spurion {

/// The ceilings of the test domain, the dial points, the phases of a stream and, averaged, the
/// train domains ("in_distribution"); phase 0, step 0. Those that are not known are left out.
std::vector<Measurement> ceilings_of(const Environment& environment,
                                     const std::vector<Phase>& schedule = {});

}  // namespace spurion
