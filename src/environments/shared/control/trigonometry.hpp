#pragma once

#include "core/normal.hpp"

/// \file
/// Sine and cosine of angles of moderate size, without branches or calls, so that a loop over them
/// vectorises. Compile with -ffp-contract=off: then the bits are the same on every machine.

namespace spurion::environments {

inline constexpr double kTurnsOfRadian = 0.15915494309189533577;  // 1 / (2 pi)
inline constexpr double kRadiansOfTurn = 6.28318530717958647693;
inline constexpr double kToWhole =
    0x1.8p52;  ///< adding and subtracting it rounds to a whole number

/// Cosine of an angle in radians, |angle| < 1e5; the error is about 1e-16 * (1 + |angle|).
SPURION_ALWAYS_INLINE double cosine(double angle) noexcept {
  return core::cosine_of_turns(angle * kTurnsOfRadian);
}

/// Of one angle.
struct SineCosine {
  double sine;
  double cosine;
};

/// Both at once (FDLIBM's polynomials on a quarter of a turn), with the error of `cosine`.
SPURION_ALWAYS_INLINE SineCosine sine_cosine(double angle) noexcept {
  const double quarters = angle * (4.0 * kTurnsOfRadian);
  const double rounded = quarters + kToWhole;
  const std::uint64_t n = core::bits_of_double(rounded);
  const double x = (quarters - (rounded - kToWhole)) * (0.25 * kRadiansOfTurn);
  const double z = x * x;
  const double sine =
      x + x * z *
              (-1.66666666666666324348e-01 +
               z * (8.33333333332248946124e-03 +
                    z * (-1.98412698298579493134e-04 +
                         z * (2.75573137070700676789e-06 + z * (-2.50507602534068634195e-08 +
                                                                z * 1.58969099521155010221e-10)))));
  const double cosine =
      1.0 - 0.5 * z +
      z * z *
          (4.16666666666666019037e-02 +
           z * (-1.38888888888741095749e-03 +
                z * (2.48015872894767294178e-05 +
                     z * (-2.75573143513906633035e-07 +
                          z * (2.08757232129817482790e-09 + z * -1.13596475577881948265e-11)))));
  const std::uint64_t odd = 0 - (n & 1U);
  const std::uint64_t sine_bits = core::bits_of_double(sine);
  const std::uint64_t cosine_bits = core::bits_of_double(cosine);
  // Quadrants 0 1 2 3: sin, cos, -sin, -cos and cos, -sin, -cos, sin.
  const std::uint64_t up = (cosine_bits & odd) | (sine_bits & ~odd);
  const std::uint64_t across = (sine_bits & odd) | (cosine_bits & ~odd);
  return {core::double_of_bits(up ^ ((n & 2U) << 62U)),
          core::double_of_bits(across ^ (((n + 1) & 2U) << 62U))};
}

/// The same angle in [-pi, pi].
SPURION_ALWAYS_INLINE double wrapped(double angle) noexcept {
  const double turns = angle * kTurnsOfRadian;
  return angle - ((turns + kToWhole) - kToWhole) * kRadiansOfTurn;
}

/// The value, or the nearest bound.
SPURION_ALWAYS_INLINE double bounded(double value, double low, double high) noexcept {
  const double below = value > high ? high : value;
  return below < low ? low : below;
}

}  // namespace spurion::environments
