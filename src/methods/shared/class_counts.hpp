#pragma once

#include "spurion/method.hpp"

namespace spurion::methods {

/// Number of classes C; 2 for a binary label. Throws `UsageError` for a regression; `method` needs
/// classes.
std::int64_t classes_of(const char* method, const MethodContext& context);

/// How many rows of each class the training set has: float64 [K, C], at least 1 each, so that a
/// class without rows counts as having one. Rows with weights count as much as they weigh. It is a
/// pass over the training set (`RowRequest::training_set`).
Tensor class_counts(ReplicaTrainer& trainer, std::int64_t classes);

/// The class of each row of a minibatch, int64 [K or 1, E * B]; C for a row of weight 0: nobody may
/// have seen its label.
Tensor counted_classes(const Batch& batch, std::int64_t classes);
/// How many rows of a minibatch are of each class so, int64 [K or 1, C].
Tensor batch_class_counts(const Batch& batch, std::int64_t classes);

/// The entry of each row's class: from a table [K, C] to [K, E * B].
Tensor by_class(const Tensor& table, const Batch& batch);

/// Logits with `added` [K, C] added to those of each class. The one logit of a binary label is that
/// of class 1 minus that of class 0.
Tensor with_class_offsets(const Tensor& logits, const Tensor& added, Task task);

}  // namespace spurion::methods
