#pragma once

#include "spurion/method.hpp"

namespace spurion::methods {

/// Probabilities of all classes, [K, R, C], of logits; of a binary label those of 0 and 1.
[[nodiscard]] Tensor class_probabilities(Task task, const Tensor& logits);

/// The logits [K, R, C] of a linear layer with the block [K, F C + C] of an `OwnPerceptron` without
/// hidden layers, for features [K or 1, R, F].
[[nodiscard]] Tensor affine_logits(const Tensor& block, const Tensor& features);

/// The least share of right rows among the groups that have rows, float64 [K]; `right` bool [K, R]
/// and `group` int64 [K or 1, R] in host memory.
[[nodiscard]] Tensor worst_group_shares(const Tensor& right, const Tensor& group,
                                        std::int64_t groups);

/// Bytes that a pass over as many unlabelled rows as a minibatch has takes of each replica.
[[nodiscard]] inline double unlabelled_bytes(const MemorySizes& sizes) {
  return sizes.batch_rows * (sizes.row + sizes.activations + 4.0 * sizes.logits);
}

}  // namespace spurion::methods
