#pragma once

#include "spurion/tensor.hpp"

namespace spurion::nouns {

/// sum_i weights[k, i] losses[k, i] / B, [K]; `weights` [K or 1, B] is a constant. Each replica is
/// summed as if alone, in row order, in float64.
Tensor weighted_mean(const Tensor& losses, const Tensor& weights);

}  // namespace spurion::nouns
