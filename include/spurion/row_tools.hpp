#pragma once

#include <cstdint>

#include "spurion/method.hpp"

/// \file
/// What several methods do with the rows of a minibatch: numbers of each row, mixed rows, gradients
/// of the last layer and of the inputs.

namespace spurion {

/// The numbers [K, E, B] of a minibatch's rows in a table [K, N] of all training rows. The batch
/// has row numbers (`RowRequest::training_set`).
SPURION_API Tensor table_rows(const Tensor& table, const Batch& batch);
/// Writes values [K, E, B] of a minibatch's rows into a table [K, N], in place. Of several values
/// for one row the last stays.
SPURION_API void put_table_rows(Tensor& table, const Batch& batch, const Tensor& values);

/// Loss of each row, [K, E, B], not weighted.
SPURION_API Tensor row_losses(const Output& output, const Batch& batch);
/// Mean over all rows of values [K, E, B], times the weights of the batch where it has some, [K].
/// Replica by replica in a fixed order, so that its bits do not depend on K.
SPURION_API Tensor row_mean(const Tensor& values, const Batch& batch);
/// Whether each row is predicted correctly, bool [K, E, B]; for classes.
SPURION_API Tensor row_correct(const Output& output, const Batch& batch);
/// Probability of the label of each row, [K, E, B]: exp(-loss); for classes.
SPURION_API Tensor row_confidence(const Output& output, const Batch& batch);

/// The gradient of each row's loss by the parameters of a last layer that is affine,
/// [K, E * B, (F + 1) * C]: by the weights [F, C], then by the biases [C]. In closed form from
/// features and logits, so it is differentiable (Rame et al. 2022, arXiv:2109.02934, Fishr).
SPURION_API Tensor last_layer_gradients(const Output& output, const Batch& batch);
/// The derivative of each row's loss by its logits, [K, E * B, C].
SPURION_API Tensor logit_gradients(const Output& output, const Batch& batch);

/// A pass whose output can be differentiated by the inputs too.
struct InputPass {
  Tensor x;       ///< [K, E * B, ...]: the rows, a leaf with requires_grad
  Output output;  ///< of the current parameters; differentiable any number of times
};
/// Such a pass over a minibatch. Its cost is that of `Model::forward_differentiable`.
SPURION_API InputPass input_pass(const ReplicaTrainer& trainer, const Batch& batch);
/// The gradient of the sum of `values` by the rows of a pass, [K, E * B, ...]. `create_graph`: it
/// can be differentiated again; the method then declares `needs_second_order`.
SPURION_API Tensor input_gradients(const Tensor& values, const InputPass& pass, bool create_graph);

/// Rows mixed in pairs (Zhang et al. 2018, arXiv:1710.09412): x = share x_i + (1 - share) x_j.
struct MixedRows {
  /// The mixed rows with the labels and groups of row i. Where rows have weights, the weight of a
  /// mixed row is the product of both: the chance to see both labels is the product of the chances.
  Batch first;
  Tensor y_other;  ///< [K, E, B]: the labels of row j
  Tensor share;    ///< [K, E, B] in [0, 1]
};
/// `other` int64 [K, E * B]: the number in the minibatch of the row that row i is mixed with;
/// `share` [K, E * B]. Rows that are shared by all replicas become each replica's own.
SPURION_API MixedRows mixed_rows(const Batch& batch, const Tensor& other, const Tensor& share);
/// share loss(y_i) + (1 - share) loss(y_j) of each mixed row, [K, E, B].
SPURION_API Tensor mixed_losses(const Output& output, const MixedRows& rows);

/// The rows of one domain of a minibatch as a minibatch of one domain.
SPURION_API Batch domain_rows(const Batch& batch, std::int64_t domain);

}  // namespace spurion
