#pragma once

#include <cstdint>

#include "spurion/export.hpp"

/// \file
/// Two links that hang from a joint (Sutton & Barto 1998), with the constants of OpenAI Gym's
/// Acrobot-v1: lengths and masses 1, centres of mass 0.5, moments of inertia 1, g = 9.8.

namespace spurion::environments {

inline constexpr double kAcrobotStep = 0.2;                            ///< seconds of one step
inline constexpr double kAcrobotFastest1 = 4.0 * 3.14159265358979324;  ///< of the first joint
inline constexpr double kAcrobotFastest2 = 9.0 * 3.14159265358979324;  ///< of the second joint

/// N acrobots: angles of the first link from hanging and of the second link from the first, in
/// [-pi, pi], and their velocities.
struct AcrobotStates {
  double* angle1;
  double* angle2;
  double* speed1;
  double* speed2;
};

/// One step of N acrobots by a Runge-Kutta step of fourth order: `torques` [N] act on the second
/// joint. States are changed where `done` is 0. `heights` [N] gets the height of the tip above the
/// first joint, -cos(angle1) - cos(angle1 + angle2), of every acrobot after the step.
SPURION_API void step_acrobots(std::int64_t count, const double* torques, const std::uint8_t* done,
                               const AcrobotStates& states, double* heights);

}  // namespace spurion::environments
