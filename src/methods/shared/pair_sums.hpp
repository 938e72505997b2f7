#pragma once

#include "spurion/tensor.hpp"

namespace spurion::methods {

/// Sums over the last dimension of values [K, R, Q]: [K, R], in a fixed order, so that the bits of
/// a replica do not depend on K.
[[nodiscard]] Tensor last_sums(const Tensor& values);

/// log sum_j weights_ij exp(values_ij) of each row i, [K, R], of values [K, R, Q] and weights
/// [K, R, Q] that are not negative. 0, without a gradient, where all weights of a row are 0.
[[nodiscard]] Tensor weighted_log_sums(const Tensor& values, const Tensor& weights);

}  // namespace spurion::methods
