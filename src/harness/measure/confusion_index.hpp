#pragma once

#include <optional>

#include "spurion/environment.hpp"

namespace spurion {

/// 0 for the invariant predictor's score in the test domain, 1 for that of the cue; nothing where
/// following the cue costs nothing that is known, for a share of nothing has no value.
std::optional<double> confusion_index(const Environment& environment, double test_score);

}  // namespace spurion
