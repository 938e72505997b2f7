#pragma once

#include <string>
#include <vector>

#include "spurion/cue_inputs.hpp"
#include "spurion/environment.hpp"

namespace spurion::nouns {

/// The inputs that carry a cue: those that differ between some rows of the train domains and their
/// twins. The mask is [1, ...input_shape]. Throws `UsageError` where the environment cannot change
/// the cue of a given row.
SPURION_API CueInputs cue_inputs_of(const Environment& environment, const std::string& cue);

/// [K][Q] as [Q] with masks [K, ...input_shape].
SPURION_API std::vector<CueInputs> stacked(const std::vector<std::vector<CueInputs>>& replicas);

}  // namespace spurion::nouns
