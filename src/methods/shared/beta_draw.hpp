#pragma once

#include "spurion/random.hpp"

namespace spurion::methods {

/// A number from Beta(a, a), a > 0, that depends on the key only: G / (G + H) of two numbers from
/// Gamma(a) (Marsaglia & Tsang 2000; for a < 1 from Gamma(a + 1), times U^(1/a)), on the log scale,
/// so that small a do not underflow.
[[nodiscard]] SPURION_API double beta_draw(const RandomKey& key, double a);

}  // namespace spurion::methods
