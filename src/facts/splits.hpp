#pragma once

#include "spurion/mechanism.hpp"

namespace spurion::facts {

/// All of them.
inline constexpr Split kSplits[] = {Split::train, Split::validation, Split::test};

}  // namespace spurion::facts
