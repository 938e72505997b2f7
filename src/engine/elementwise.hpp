#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>

/// \file
/// Scalar functions from which the loss kernels are built. Written as straight-line arithmetic so
/// that the compiler vectorises loops over them, and so that a value's result is the same in the
/// body and in the remainder of a loop (compile with -ffp-contract=off). Accuracy: 2 ulp in
/// float32.

namespace spurion::engine {

inline float float_from_bits(std::int32_t bits) {
  float value;
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

inline std::int32_t bits_of(float value) {
  std::int32_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  return bits;
}

/// exp(x), Cephes' expf: x = n ln 2 + r with |r| <= ln 2 / 2. Overflow gives inf, underflow 0, NaN
/// stays NaN.
inline float exponential(float x) {
  constexpr float kMost = 88.72283F;
  constexpr float kLeast = -87.33654F;
  const float clamped = x > kMost ? kMost : (x < kLeast ? kLeast : x);
  constexpr float kRound = 12582912.0F;  // 1.5 * 2^23: adding it rounds to an integer
  const float n = (clamped * 1.44269504088896341F + kRound) - kRound;
  const float r = (clamped - n * 0.693359375F) - n * -2.12194440e-4F;
  float p = 1.9875691500e-4F;
  p = p * r + 1.3981999507e-3F;
  p = p * r + 8.3334519073e-3F;
  p = p * r + 4.1665795894e-2F;
  p = p * r + 1.6666665459e-1F;
  p = p * r + 5.0000001201e-1F;
  p = p * r * r + r + 1.0F;
  // n reaches 128 at the upper end: 2^n in two steps stays finite until the last.
  const float capped = n > 127.0F ? 127.0F : n;
  const float rest = n > 127.0F ? 2.0F : 1.0F;
  const auto exponent = static_cast<std::int32_t>(capped);
  const float scale = float_from_bits((exponent + 127) * (1 << 23));
  const float result = p * scale * rest;
  const float low = x < kLeast ? 0.0F : result;
  const float high = x > kMost ? HUGE_VALF : low;
  return x == x ? high : x;
}

/// log(x) for x > 0, Cephes' logf. 0 gives -inf, negative NaN.
inline float logarithm(float x) {
  const std::int32_t bits = bits_of(x);
  std::int32_t exponent = (bits >> 23) - 126;
  float m = float_from_bits((bits & 0x007fffff) | 0x3f000000);  // in [0.5, 1)
  const bool small = m < 0.707106781186547524F;
  exponent -= small ? 1 : 0;
  m = (small ? m + m : m) - 1.0F;
  const float z = m * m;
  float p = 7.0376836292e-2F;
  p = p * m - 1.1514610310e-1F;
  p = p * m + 1.1676998740e-1F;
  p = p * m - 1.2420140846e-1F;
  p = p * m + 1.4249322787e-1F;
  p = p * m - 1.6668057665e-1F;
  p = p * m + 2.0000714765e-1F;
  p = p * m - 2.4999993993e-1F;
  p = p * m + 3.3333331174e-1F;
  const auto e = static_cast<float>(exponent);
  float y = p * m * z;
  y = y + e * -2.12194440e-4F;
  y = y - 0.5F * z;
  float result = m + y + e * 0.693359375F;
  result = x == HUGE_VALF ? x : result;
  result = x == 0.0F ? -HUGE_VALF : result;
  return x >= 0.0F ? result : float_from_bits(0x7fc00000);
}

/// 1 / (1 + exp(-x))
inline float logistic(float x) {
  const float e = exponential(-(x < 0.0F ? -x : x));  // in (0, 1]: never overflows
  const float positive = 1.0F / (1.0F + e);
  const float value = x < 0.0F ? e / (1.0F + e) : positive;
  return x == x ? value : x;
}

/// log(1 + exp(x))
inline float soft_plus(float x) {
  const float u = exponential(-(x < 0.0F ? -x : x));
  const float w = 1.0F + u;
  // Kahan: the rounding of 1 + u is put back, so that small u keeps its relative accuracy.
  const float log1p = logarithm(w) + (u - (w - 1.0F)) / w;
  const float value = (x > 0.0F ? x : 0.0F) + log1p;
  return x == x ? value : x;
}

inline double exponential(double x) { return std::exp(x); }
inline double logarithm(double x) { return std::log(x); }
inline double logistic(double x) {
  const double e = std::exp(-std::fabs(x));
  return x < 0.0 ? e / (1.0 + e) : 1.0 / (1.0 + e);
}
inline double soft_plus(double x) { return std::max(x, 0.0) + std::log1p(std::exp(-std::fabs(x))); }

}  // namespace spurion::engine
