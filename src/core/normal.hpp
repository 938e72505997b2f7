#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>

/// \file
/// Box-Muller without branches or calls, so that a loop over it vectorises. Correct to a few units
/// in the last place of a double. Every operation is rounded once (compile with
/// -ffp-contract=off), so the bits are the same whatever the vector width.

namespace spurion::core {

#define SPURION_ALWAYS_INLINE inline __attribute__((always_inline))

SPURION_ALWAYS_INLINE double double_of_bits(std::uint64_t bits) noexcept {
  double value;
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

SPURION_ALWAYS_INLINE std::uint64_t bits_of_double(double value) noexcept {
  std::uint64_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  return bits;
}

/// high * 2^32 + low as a double; exact for high < 2^21. Not a conversion, which few instruction
/// sets have for vectors of 64-bit integers.
SPURION_ALWAYS_INLINE double join_double(std::uint32_t high, std::uint32_t low) noexcept {
  const double upper = double_of_bits(0x4530000000000000ULL | high);  // 2^84 + high * 2^32
  const double lower = double_of_bits(0x4330000000000000ULL | low);   // 2^52 + low
  return (upper - 0x1.00000001p84) + lower;
}

/// Natural logarithm of a normal positive number (the method and coefficients of FDLIBM).
SPURION_ALWAYS_INLINE double logarithm(double x) noexcept {
  // x = 2^k (1 + f), sqrt(1/2) <= 1 + f < sqrt(2).
  constexpr std::uint64_t kRootHalf = 0x3fe6a09e667f3bcdULL;
  constexpr std::uint64_t kOne = 0x3ff0000000000000ULL;
  const std::uint64_t shifted = bits_of_double(x) + (kOne - kRootHalf);
  // Biased exponent less 1023 as a double: 2^52 + e has e in its low bits.
  const double k = double_of_bits(0x4330000000000000ULL | (shifted >> 52U)) - (0x1.0p52 + 1023.0);
  const double f = double_of_bits((shifted & 0x000fffffffffffffULL) + kRootHalf) - 1.0;
  const double s = f / (2.0 + f);
  const double z = s * s;
  const double w = z * z;
  const double t1 = w * (3.999999999940941908e-01 +
                         w * (2.222219843214978396e-01 + w * 1.531383769920937332e-01));
  const double t2 = z * (6.666666666666735130e-01 +
                         w * (2.857142874366239149e-01 +
                              w * (1.818357216161805012e-01 + w * 1.479819860511658591e-01)));
  const double half_square = 0.5 * f * f;
  return k * 6.93147180369123816490e-01 -
         ((half_square - (s * (half_square + (t1 + t2)) + k * 1.90821492927058770002e-10)) - f);
}

/// Cosine of 2 pi u for 0 <= u < 1 (FDLIBM's polynomials on a quarter of a turn).
SPURION_ALWAYS_INLINE double cosine_of_turns(double u) noexcept {
  constexpr double kRound = 0x1.8p52;
  constexpr double kHalfPi = 1.5707963267948966192;
  const double quarters = 4.0 * u;
  const double rounded = quarters + kRound;
  const std::uint64_t n = bits_of_double(rounded);
  const double x = (quarters - (rounded - kRound)) * kHalfPi;
  const double z = x * x;
  const double sine =
      x + x * z *
              (-1.66666666666666324348e-01 +
               z * (8.33333333332248946124e-03 +
                    z * (-1.98412698298579493134e-04 +
                         z * (2.75573137070700676789e-06 + z * (-2.50507602534068634195e-08 +
                                                                z * 1.58969099521155010221e-10)))));
  const double rest =
      z * z *
      (4.16666666666666019037e-02 +
       z * (-1.38888888888741095749e-03 +
            z * (2.48015872894767294178e-05 +
                 z * (-2.75573143513906633035e-07 +
                      z * (2.08757232129817482790e-09 + z * -1.13596475577881948265e-11)))));
  const double half = 0.5 * z;
  const double top = 1.0 - half;
  const double cosine = top + (((1.0 - top) - half) + rest);
  // Quadrants 0 1 2 3: cos, -sin, -cos, sin.
  const std::uint64_t odd = 0 - (n & 1U);
  const std::uint64_t chosen = (bits_of_double(sine) & odd) | (bits_of_double(cosine) & ~odd);
  return double_of_bits(chosen ^ (((n + 1) & 2U) << 62U));
}

/// A standard normal from 128 random bits: two uniforms of 53 bits, the first moved into (0, 1] so
/// that its logarithm is finite.
SPURION_ALWAYS_INLINE double box_muller(std::uint32_t w0, std::uint32_t w1, std::uint32_t w2,
                                        std::uint32_t w3) noexcept {
  const double u1 = (join_double(w1 >> 11U, (w1 << 21U) | (w0 >> 11U)) + 1.0) * 0x1.0p-53;
  const double u2 = join_double(w3 >> 11U, (w3 << 21U) | (w2 >> 11U)) * 0x1.0p-53;
  return std::sqrt(-2.0 * logarithm(u1)) * cosine_of_turns(u2);
}

}  // namespace spurion::core
