#pragma once

#include <string>
#include <vector>

#include "spurion/environment.hpp"

namespace spurion {

/// "dial=0.3".
SPURION_API std::string dial_name(double shift);
/// In environments with several cues, the test domains in which one cue alone is shifted, the
/// others being where they are on average in training: "test_" and the cue's name, in the order of
/// the cues.
std::vector<Domain> one_cue_domains(const Environment& environment);
/// Every domain that has a name of its own: the train domains, the test domain, those of one cue.
SPURION_API std::vector<Domain> named_domains(const Environment& environment);

}  // namespace spurion
