#pragma once

#include "spurion/environment.hpp"

namespace spurion {

/// How twins of a variable are made: flipped, else resampled; none where neither is possible.
Intervention default_twin(const Environment& environment, const std::string& variable);

}  // namespace spurion
