#pragma once

#include <string>
#include <vector>

#include "spurion/environment.hpp"

namespace spurion::nouns {

/// "shift=0.3".
SPURION_API std::string shift_name(double shift);
/// If there are several cues: the domains "test_CUE", in the order of the cues. One cue is shifted
/// as in the test domain; each other cue has its mean shift over the train domains.
std::vector<Domain> one_cue_domains(const Environment& environment);
/// All named domains: the train domains, the test domain and "test_CUE" domains.
SPURION_API std::vector<Domain> named_domains(const Environment& environment);

}  // namespace spurion::nouns
