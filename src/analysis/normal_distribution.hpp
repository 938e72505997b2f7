#pragma once

#include "spurion/export.hpp"

namespace spurion::analysis {

/// z with P(N(0, 1) <= z) = p, for 0 < p < 1, to the last bit. Throws `LogicError` for another p.
SPURION_API double probit(double p);

}  // namespace spurion::analysis
