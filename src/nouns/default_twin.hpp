#pragma once

#include "spurion/environment.hpp"

namespace spurion::nouns {

/// The intervention that makes twins of a variable: flip, else resample; none if neither is
/// possible.
SPURION_API Intervention default_twin(const Environment& environment, const std::string& variable);

}  // namespace spurion::nouns
