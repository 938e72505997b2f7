#pragma once

#include "spurion/environment.hpp"
#include "spurion/tensor.hpp"

/// \file
/// Differentiable losses over replica-batched logits. Every function here is exact per row: the
/// result for a row depends on that row's values only, never on how many rows or replicas stand
/// beside it (LibTorch's own exp and log differ in the last bit between the body and the tail of a
/// tensor, which would break "bit-identical alone or among K"). Twice differentiable.

namespace spurion::losses {

/// Element-wise exp, log, 1 / (1 + exp(-z)) and log(1 + exp(z)).
SPURION_API Tensor exp(const Tensor& z);
/// Natural logarithm of each number.
SPURION_API Tensor log(const Tensor& z);
/// 1 / (1 + exp(-z)) of each number.
SPURION_API Tensor sigmoid(const Tensor& z);
/// Log(1 + exp(z)) of each number, without overflow.
SPURION_API Tensor softplus(const Tensor& z);

/// Loss of each row, [K, B]: negative log-likelihood in nats (binary: one logit; multiclass:
/// softmax) or squared error. `logits` [K, B, C]; `targets` [K, B] or [1, B].
SPURION_API Tensor row_loss(Task task, const Tensor& logits, const Tensor& targets);

/// d row_loss(s * logits) / ds at s = 1, [K, B]: IRMv1's dummy-classifier gradient in closed form,
/// so that the penalty needs no double backward.
SPURION_API Tensor scale_gradient(Task task, const Tensor& logits, const Tensor& targets);

/// d row_loss(logits + b) / db at b = 0, [K, B], binary and regression only: the bias part of the
/// dummy gradient in the linear unit tests' IRMv1.
SPURION_API Tensor shift_gradient(Task task, const Tensor& logits, const Tensor& targets);

/// The row-wise quantities above, by name.
enum class RowQuantity { loss, scale_gradient, shift_gradient };
/// A quantity of each row: logits [K, B, C] and targets [K, B] in, [K, B] out.
SPURION_API Tensor row_values(RowQuantity quantity, Task task, const Tensor& logits,
                              const Tensor& targets);

/// Mean of a quantity over the rows of each domain, [K, E], from logits [K, E * B, C] and targets
/// [K or 1, E, B]. One fused node for binary tasks: most steps of small models spend their time
/// here.
SPURION_API Tensor domain_means(RowQuantity quantity, Task task, const Tensor& logits,
                                const Tensor& targets);

/// Predicted class [K, B] int64 (binary: logit > 0), or the output itself for regression.
SPURION_API Tensor predict(Task task, const Tensor& logits);

}  // namespace spurion::losses
