#pragma once

#include <cstdint>

#include "spurion/export.hpp"

/// \file
/// The car of Moore (1990) with the constants of Sutton & Barto, as in OpenAI Gym's MountainCar-v0.

namespace spurion::environments {

inline constexpr double kCarLeft = -1.2;     ///< where the wall is
inline constexpr double kCarRight = 0.6;     ///< the largest position
inline constexpr double kCarGoal = 0.5;      ///< the goal is reached from here on
inline constexpr double kCarFastest = 0.07;  ///< the largest speed
inline constexpr double kCarPush = 0.001;    ///< acceleration of a push
inline constexpr double kCarGravity = 0.0025;

/// One step of N cars: `pushes` [N] are -1, 0 or +1; positions and velocities are changed where
/// `done` is 0.
///     v <- clip(v + 0.001 push - 0.0025 cos(3 p), -0.07, 0.07);  p <- clip(p + v, -1.2, 0.6)
///     v <- 0 where p = -1.2 and v < 0
SPURION_API void step_cars(std::int64_t count, const double* pushes, const std::uint8_t* done,
                           double* positions, double* velocities);

}  // namespace spurion::environments
