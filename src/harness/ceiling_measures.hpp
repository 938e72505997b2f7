#pragma once

#include <optional>
#include <string>
#include <vector>

#include "spurion/regime.hpp"
#include "spurion/trial.hpp"

namespace spurion {

/// "dial=0.3".
std::string dial_name(double shift);
/// How twins of a variable are made: flipped, else resampled; none where neither is possible.
Intervention usual_twin(const Environment& environment, const std::string& variable);
/// 0 for the invariant predictor's score in the test domain, 1 for that of the cue; nothing where
/// following the cue costs nothing that is known, for a share of nothing has no value.
std::optional<double> confusion_index(const Environment& environment, double test_score);
/// The ceilings of the test domain, the dial points, the phases of a stream and, averaged, the
/// train domains ("id"); phase 0, step 0. Those that are not known are left out.
std::vector<Measurement> ceilings_of(const Environment& environment,
                                     const std::vector<Phase>& schedule = {});

}  // namespace spurion
