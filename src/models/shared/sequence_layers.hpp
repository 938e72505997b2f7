#pragma once

#include <functional>
#include <string>

#include "spurion/model.hpp"

/// \file
/// Layers of models over sequences. What the replicas do not share is never broadcast: LibTorch
/// sums the gradient of a broadcast tensor in an order that may depend on how many replicas stand
/// beside it. Vectors are spread, and rows summed, by products with ones instead, each replica's as
/// if alone. Everything here can be differentiated any number of times, in float32 and float64.

namespace spurion::models {

/// Throws `UsageError` unless rows are sequences [length, vocabulary]; `model` needs them.
void require_sequences(const std::string& model, const Shape& input_shape);

/// What `run` gives for parameters [K, P] and x [K or 1, B, ...]. Where no gradient is recorded,
/// one replica after another, so that a large evaluation needs the memory of one.
Output each_replica_when_unrecorded(
    const Tensor& parameters, const Tensor& x,
    const std::function<Output(const Tensor& parameters, const Tensor& x)>& run);

/// vector [K, n] as each of `rows` rows: [K, rows, n].
Tensor spread(const Tensor& vector, std::int64_t rows);

/// Sums over the last dimension of values [K, M, n]: [K, M, 1].
Tensor row_sums(const Tensor& values);

/// column [K, M, 1] as each of `width` columns: [K, M, width].
Tensor widen(const Tensor& column, std::int64_t width);

/// x [K or 1, M, in] -> [K, M, out] with weight [K, in, out] and bias [K, out].
Tensor affine(const Tensor& weight, const Tensor& bias, const Tensor& x);

/// Rows of x [K, M, n] brought to mean 0 and variance 1, then times gain and plus bias, [K, n] (Ba
/// et al. 2016; 1e-5 is added to the variance).
Tensor layer_norm(const Tensor& gain, const Tensor& bias, const Tensor& x);

/// The hyperbolic tangent, within 1e-7.
Tensor hyperbolic_tangent(const Tensor& x);

/// Gaussian error linear unit in its tanh form (Hendrycks & Gimpel 2016).
Tensor gelu(const Tensor& x);

}  // namespace spurion::models
