#pragma once

#include "core/normal.hpp"

/// \file
/// Sine and cosine of angles of moderate size, without branches or calls, so that a loop over them
/// vectorises. Compile with -ffp-contract=off: then the bits are the same on every machine.

namespace spurion::environments {

/// Cosine of an angle in radians, |angle| < 1e5; the error is about 1e-16 * (1 + |angle|).
SPURION_ALWAYS_INLINE double cosine(double angle) noexcept {
  constexpr double kTurns = 0.15915494309189533577;  // 1 / (2 pi)
  return core::cosine_of_turns(angle * kTurns);
}

}  // namespace spurion::environments
