#include "engine/kernels.hpp"

#include <cmath>

#include "engine/elementwise.hpp"

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define SPURION_CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define SPURION_CLONES
#endif

namespace spurion::engine {

SPURION_CLONES void exponential(const float* __restrict in, float* __restrict out,
                                 std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i) out[i] = exponential(in[i]);
}

SPURION_CLONES void logarithm(const float* __restrict in, float* __restrict out,
                               std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i) out[i] = logarithm(in[i]);
}

SPURION_CLONES void logistic(const float* __restrict in, float* __restrict out, std::int64_t count) {
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

SPURION_CLONES float binary_mean(BinaryQuantity quantity, const float* __restrict z,
                                 const std::int64_t* __restrict y, std::int64_t count) {
  float sums[kLanes] = {};
  float values[kBlock];
  for (std::int64_t first = 0; first < count; first += kBlock) {
    const std::int64_t rows = count - first < kBlock ? count - first : kBlock;
    const float* zs = z + first;
    const std::int64_t* ys = y + first;
    switch (quantity) {
      case BinaryQuantity::loss:
        for (std::int64_t i = 0; i < rows; ++i) {
          values[i] = soft_plus(zs[i]) - zs[i] * static_cast<float>(ys[i]);
        }
        break;
      case BinaryQuantity::scale_gradient:
        for (std::int64_t i = 0; i < rows; ++i) {
          values[i] = zs[i] * (logistic(zs[i]) - static_cast<float>(ys[i]));
        }
        break;
      case BinaryQuantity::shift_gradient:
        for (std::int64_t i = 0; i < rows; ++i) {
          values[i] = logistic(zs[i]) - static_cast<float>(ys[i]);
        }
        break;
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

SPURION_CLONES void binary_derivative(BinaryQuantity quantity, float factor,
                                      const float* __restrict z, const std::int64_t* __restrict y,
                                      std::int64_t count, float* __restrict out) {
  switch (quantity) {
    case BinaryQuantity::loss:
      for (std::int64_t i = 0; i < count; ++i) {
        out[i] = factor * (logistic(z[i]) - static_cast<float>(y[i]));
      }
      break;
    case BinaryQuantity::scale_gradient:
      for (std::int64_t i = 0; i < count; ++i) {
        const float p = logistic(z[i]);
        out[i] = factor * ((p - static_cast<float>(y[i])) + z[i] * (p * (1.0F - p)));
      }
      break;
    case BinaryQuantity::shift_gradient:
      for (std::int64_t i = 0; i < count; ++i) {
        const float p = logistic(z[i]);
        out[i] = factor * (p * (1.0F - p));
      }
      break;
  }
}

SPURION_CLONES void adam_update(const AdamStep& step, std::int64_t count,
                                 const float* __restrict gradient, float* __restrict parameter,
                                 float* __restrict first, float* __restrict second) {
  const AdamStep s = step;
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
    parameter[i] -= s.rate * v;
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
