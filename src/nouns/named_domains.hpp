#pragma once

#include <optional>
#include <string>
#include <vector>

#include "spurion/regime.hpp"
#include "spurion/trial.hpp"

namespace spurion {

/// "dial=0.3".
SPURION_API std::string dial_name(double shift);
/// In worlds with several cues, the test domains in which one cue alone is shifted, the others
/// being where they are on average in training: "test_" and the cue's name, in the order of the
/// cues.
std::vector<Domain> one_cue_domains(const Environment& environment);
/// Every domain that has a name of its own: the train domains, the test domain, those of one cue.
SPURION_API std::vector<Domain> named_domains(const Environment& environment);
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
