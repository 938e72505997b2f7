#pragma once

#include "spurion/environment.hpp"
#include "spurion/export.hpp"

namespace spurion::harness {

/// KL(first || second) of the predictions of each row in nats, [K, B] float64; for regression the
/// mean squared difference of the outputs. Logits are [K, B, C], in host memory. The bits of a
/// replica do not depend on K.
SPURION_API Tensor row_divergence(Task task, const Tensor& first, const Tensor& second);

/// Root mean squared difference of the parameters [K, P] of each replica, [K] float64. Its bits do
/// not depend on K.
SPURION_API Tensor parameter_distance(const Tensor& first, const Tensor& second);

/// The sum over rows [K, B] of each replica, [K]. Its bits do not depend on K.
SPURION_API Tensor row_sum(const Tensor& values);

}  // namespace spurion::harness
