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
