#pragma once

#include <cstdint>

/// \file
/// Loops over plain arrays: the inner work of losses and optimisers. Compiled for several
/// instruction sets, the best of which is chosen when the program starts; one rounding per
/// operation, so that a value's result is the same in the body and in the remainder of a loop.

namespace spurion::engine {

void exponential(const float* in, float* out, std::int64_t count);
void logarithm(const float* in, float* out, std::int64_t count);
void logistic(const float* in, float* out, std::int64_t count);
void soft_plus(const float* in, float* out, std::int64_t count);

/// Row-wise quantities of spurion/losses.hpp: of a logit z and a label y in {0, 1}, or of an output
/// z and a real target y under the squared loss.
enum class Quantity { loss, scale_gradient, shift_gradient };

/// Mean of the quantity over `count` rows.
float binary_mean(Quantity quantity, const float* z, const std::int64_t* y, std::int64_t count);
float squared_mean(Quantity quantity, const float* z, const float* y, std::int64_t count);
/// A quantity times a factor.
struct ScaledQuantity {
  Quantity quantity;
  float factor;
};
/// out[i] = the derivative of the scaled quantity with respect to z[i].
void binary_derivative(const ScaledQuantity& of, const float* z, const std::int64_t* y,
                       std::int64_t count, float* out);
void squared_derivative(const ScaledQuantity& of, const float* z, const float* y,
                        std::int64_t count, float* out);

/// Coefficients of one Adam or AdamW update of one replica.
struct AdamStep {
  float step_size;  ///< learning rate / (1 - beta1^t)
  float decay;      ///< L2 coefficient added to the gradient
  float decoupled;  ///< factor on the parameter before the update (AdamW)
  float beta1;
  float beta2;
  float root_correction;  ///< 1 / sqrt(1 - beta2^t)
  float epsilon;
  float gradient_scale;  ///< clipping
};

/// Running means of the gradient and of its square.
struct Moments {
  float* first;
  float* second;
};

void adam_update(const AdamStep& step, std::int64_t count, const float* gradient, float* parameter,
                 const Moments& moments);

/// Coefficients of one SGD or SGDW update with heavy-ball momentum.
struct SgdStep {
  float rate;
  float momentum;
  float decay;      ///< L2 coefficient added to the gradient
  float decoupled;  ///< factor on the parameter before the update (SGDW)
  float gradient_scale;
};

void sgd_update(const SgdStep& step, std::int64_t count, const float* gradient, float* parameter,
                float* velocity);

/// out[i] = sum_j factors[j] * terms[j, i], `terms` [count, width], summed in order of j.
void weighted_sum(const float* factors, const float* terms, std::int64_t count, std::int64_t width,
                  float* out);
/// True when all values are finite.
bool all_finite(const float* values, std::int64_t count);
/// Euclidean norm, summed in float64.
double norm(const float* values, std::int64_t count);

}  // namespace spurion::engine
