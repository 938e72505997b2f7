#pragma once

#include <string>

#include "spurion/interactive.hpp"

namespace spurion::cli {

/// A picture, as SVG, of one episode several times, with the same noise: the expert, and the policy
/// that follows the cue only, each at the shift of the first train domain and at that of the test
/// domain (an intervention on the world); and the first of these as it is seen while the cue is set
/// by an intervention, where the environment has one. A frame shows what a policy sees: planes of a
/// grid as coloured cells, other inputs as bars.
std::string film_strip(const InteractiveEnvironment& world);

}  // namespace spurion::cli
