#pragma once

#include <vector>

#include "spurion/regime.hpp"
#include "spurion/trial.hpp"

namespace spurion::harness {

/// The ceilings of the test domain, of the values of the shift curve, of the phases of a stream
/// and, averaged, of the train domains ("in_distribution"); phase 0, step 0. Unknown ones are left
/// out.
std::vector<Measurement> ceilings_of(const Environment& environment,
                                     const std::vector<Phase>& schedule = {});

}  // namespace spurion::harness
