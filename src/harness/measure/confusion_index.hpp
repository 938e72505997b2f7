#pragma once

#include <optional>

#include "spurion/environment.hpp"

namespace spurion::harness {

/// The confusion index of a score in the test domain: 0 for the invariant predictor, 1 for the
/// predictor from the cue alone. Empty if relying on the cue does not lower the score.
std::optional<double> confusion_index(const Environment& environment, double test_score);

}  // namespace spurion::harness
