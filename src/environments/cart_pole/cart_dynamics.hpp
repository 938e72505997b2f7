#pragma once

#include <cstdint>

#include "spurion/export.hpp"

/// \file
/// A pole on a cart (Barto, Sutton, Anderson 1983) with the constants of OpenAI Gym's CartPole-v0:
/// masses 1 and 0.1, half the length of the pole 0.5, g = 9.8, force 10, Euler steps of 0.02 s.

namespace spurion::environments {

inline constexpr double kCartEdge = 2.4;                                 ///< |position| of a fall
inline constexpr double kPoleEdge = 12.0 * 3.14159265358979324 / 180.0;  ///< |angle| of a fall

/// N carts: position, velocity, angle of the pole from upright and its velocity.
struct CartStates {
  double* position;
  double* velocity;
  double* angle;
  double* spin;
};

/// One Euler step of N carts: `pushes` [N] are -1 or +1. States are changed where `done` is 0.
SPURION_API void step_carts(std::int64_t count, const double* pushes, const std::uint8_t* done,
                            const CartStates& states);

}  // namespace spurion::environments
