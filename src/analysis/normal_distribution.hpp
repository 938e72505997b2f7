#pragma once

namespace spurion::analysis {

/// z with P(N(0, 1) <= z) = p, for 0 < p < 1, to the last bit. Throws `LogicError` for another p.
double probit(double p);

}  // namespace spurion::analysis
