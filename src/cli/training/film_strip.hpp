#pragma once

#include <string>

#include "spurion/interactive.hpp"

namespace spurion::cli {

/// A picture, as SVG, of one episode under two policies and two shifts that share all noise: the
/// expert, and the policy that follows the cue only, at the shift of the first train domain and at
/// that of the test domain. So each strip beside the first is the same episode under an
/// intervention. A frame shows what a policy sees: planes of a grid as coloured cells, other inputs
/// as bars.
std::string film_strip(const InteractiveEnvironment& world);

}  // namespace spurion::cli
