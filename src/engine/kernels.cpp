#include "engine/kernels.hpp"

#include <cmath>

#include "core/clones.hpp"
#include "engine/elementwise.hpp"

namespace spurion::engine {

SPURION_CLONES void exponential(const float* __restrict in, float* __restrict out,
                                std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i) out[i] = exponential(in[i]);
}

SPURION_CLONES void logarithm(const float* __restrict in, float* __restrict out,
                              std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i) out[i] = logarithm(in[i]);
}

SPURION_CLONES void logistic(const float* __restrict in, float* __restrict out,
                             std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i) out[i] = logistic(in[i]);
}

SPURION_CLONES void soft_plus(const float* __restrict in, float* __restrict out,
                              std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i) out[i] = soft_plus(in[i]);
}

namespace {

/// Rows whose values are worked out before they are summed.
constexpr std::int64_t kBlock = 512;
/// Partial sums side by side: element i of a block goes to sum i % kLanes.
constexpr std::int64_t kLanes = 16;

}  // namespace

#define SPURION_INLINE inline __attribute__((always_inline))

namespace {

SPURION_INLINE float value_of(Quantity quantity, float z, std::int64_t label) {
  const auto y = static_cast<float>(label);
  if (quantity == Quantity::loss) return soft_plus(z) - z * y;
  const float residual = logistic(z) - y;
  return quantity == Quantity::scale_gradient ? z * residual : residual;
}

SPURION_INLINE float value_of(Quantity quantity, float z, float y) {
  const float residual = z - y;
  if (quantity == Quantity::loss) return residual * residual;
  return 2.0F * (quantity == Quantity::scale_gradient ? z * residual : residual);
}

SPURION_INLINE float derivative_of(Quantity quantity, float z, std::int64_t label) {
  const float p = logistic(z);
  const float residual = p - static_cast<float>(label);
  if (quantity == Quantity::loss) return residual;
  const float slope = p * (1.0F - p);
  return quantity == Quantity::scale_gradient ? residual + z * slope : slope;
}

SPURION_INLINE float derivative_of(Quantity quantity, float z, float y) {
  if (quantity == Quantity::loss) return 2.0F * (z - y);
  return quantity == Quantity::scale_gradient ? 4.0F * z - 2.0F * y : 2.0F;
}

template <Quantity kQuantity, class Target>
SPURION_INLINE float mean_of(const float* __restrict z, const Target* __restrict y,
                             std::int64_t count) {
  float sums[kLanes] = {};
  float values[kBlock];
  for (std::int64_t first = 0; first < count; first += kBlock) {
    const std::int64_t rows = count - first < kBlock ? count - first : kBlock;
    for (std::int64_t i = 0; i < rows; ++i) {
      values[i] = value_of(kQuantity, z[first + i], y[first + i]);
    }
    std::int64_t i = 0;
    for (; i + kLanes <= rows; i += kLanes) {
      for (std::int64_t lane = 0; lane < kLanes; ++lane) sums[lane] += values[i + lane];
    }
    for (std::int64_t lane = 0; i + lane < rows; ++lane) sums[lane] += values[i + lane];
  }
  float total = 0.0F;
  for (const float sum : sums) total += sum;
  return total / static_cast<float>(count);
}

template <class Target>
SPURION_INLINE float mean_of(Quantity quantity, const float* z, const Target* y,
                             std::int64_t count) {
  switch (quantity) {
    case Quantity::loss:
      return mean_of<Quantity::loss>(z, y, count);
    case Quantity::scale_gradient:
      return mean_of<Quantity::scale_gradient>(z, y, count);
    case Quantity::shift_gradient:
      break;
  }
  return mean_of<Quantity::shift_gradient>(z, y, count);
}

template <Quantity kQuantity, class Target>
SPURION_INLINE void derivatives(float factor, const float* __restrict z, const Target* __restrict y,
                                std::int64_t count, float* __restrict out) {
  for (std::int64_t i = 0; i < count; ++i) out[i] = factor * derivative_of(kQuantity, z[i], y[i]);
}

template <class Target>
SPURION_INLINE void derivatives(const ScaledQuantity& of, const float* z, const Target* y,
                                std::int64_t count, float* out) {
  switch (of.quantity) {
    case Quantity::loss:
      return derivatives<Quantity::loss>(of.factor, z, y, count, out);
    case Quantity::scale_gradient:
      return derivatives<Quantity::scale_gradient>(of.factor, z, y, count, out);
    case Quantity::shift_gradient:
      break;
  }
  derivatives<Quantity::shift_gradient>(of.factor, z, y, count, out);
}

}  // namespace

SPURION_CLONES float binary_mean(Quantity quantity, const float* z, const std::int64_t* y,
                                 std::int64_t count) {
  return mean_of(quantity, z, y, count);
}

SPURION_CLONES float squared_mean(Quantity quantity, const float* z, const float* y,
                                  std::int64_t count) {
  return mean_of(quantity, z, y, count);
}

SPURION_CLONES void binary_derivative(const ScaledQuantity& of, const float* z,
                                      const std::int64_t* y, std::int64_t count, float* out) {
  derivatives(of, z, y, count, out);
}

SPURION_CLONES void squared_derivative(const ScaledQuantity& of, const float* z, const float* y,
                                       std::int64_t count, float* out) {
  derivatives(of, z, y, count, out);
}

SPURION_CLONES void adam_update(const AdamStep& step, std::int64_t count,
                                const float* __restrict gradient, float* __restrict parameter,
                                const Moments& moments) {
  const AdamStep s = step;
  float* __restrict first = moments.first;
  float* __restrict second = moments.second;
  for (std::int64_t i = 0; i < count; ++i) {
    const float g = gradient[i] * s.gradient_scale + s.decay * parameter[i];
    const float m = s.beta1 * first[i] + (1.0F - s.beta1) * g;
    const float v = s.beta2 * second[i] + (1.0F - s.beta2) * (g * g);
    first[i] = m;
    second[i] = v;
    parameter[i] = parameter[i] * s.decoupled -
                   s.step_size * m / (std::sqrt(v) * s.root_correction + s.epsilon);
  }
}

SPURION_CLONES void sgd_update(const SgdStep& step, std::int64_t count,
                               const float* __restrict gradient, float* __restrict parameter,
                               float* __restrict velocity) {
  const SgdStep s = step;
  for (std::int64_t i = 0; i < count; ++i) {
    const float g = gradient[i] * s.gradient_scale + s.decay * parameter[i];
    const float v = s.momentum * velocity[i] + g;
    velocity[i] = v;
    parameter[i] = parameter[i] * s.decoupled - s.rate * v;
  }
}

SPURION_CLONES void weighted_sum(const float* __restrict factors, const float* __restrict terms,
                                 std::int64_t count, std::int64_t width, float* __restrict out) {
  if (count == 0) return;
  const float first = factors[0];
  for (std::int64_t i = 0; i < width; ++i) out[i] = first * terms[i];
  for (std::int64_t j = 1; j < count; ++j) {
    const float factor = factors[j];
    const float* __restrict term = terms + j * width;
    for (std::int64_t i = 0; i < width; ++i) out[i] += factor * term[i];
  }
}

SPURION_CLONES bool all_finite(const float* values, std::int64_t count) {
  // A finite value has an exponent below the highest.
  std::int32_t bad = 0;
  for (std::int64_t i = 0; i < count; ++i) {
    bad |= static_cast<std::int32_t>((bits_of(values[i]) & 0x7f800000) == 0x7f800000);
  }
  return bad == 0;
}

double norm(const float* values, std::int64_t count) {
  double sum = 0.0;
  for (std::int64_t i = 0; i < count; ++i) sum += static_cast<double>(values[i]) * values[i];
  return std::sqrt(sum);
}

}  // namespace spurion::engine
