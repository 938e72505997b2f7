#pragma once

#include <string>

#include "methods/shared/l2_option.hpp"
#include "spurion/method.hpp"

namespace spurion::methods {

/// A method that trains as erm does, to the bit, and adapts the trained model to unlabelled rows
/// where it predicts.
class AdaptedErm : public ObjectiveMethod {
 public:
  AdaptedErm(const L2Option& options, const MethodContext& context);

  [[nodiscard]] Access needs() const override;
  [[nodiscard]] RiskInput risk_input() const override { return RiskInput::risks; }
  Tensor objective(const Output& output, const Batch& batch, ReplicaTrainer& trainer) override;

 private:
  Tensor l2_;
};

/// Throws `UsageError` for a regression: `method` needs classes.
void require_classes(const std::string& method, Task task);
/// Throws `UsageError` unless the model has parameters of this role; `method` changes them.
void require_normalisation(const std::string& method, const Model& model, BlockRole role);

/// The parameters [K, P] with these running statistics [K, S].
Tensor with_statistics(const Tensor& parameters, const Tensor& columns, const Tensor& statistics);

/// Entropy of the predicted class of each row in nats, [K, B], from logits [K, B, C];
/// differentiable.
Tensor entropies(Task task, const Tensor& logits);

/// Puts the statistics of a batch in the place of the running ones, as bn_adapt does.
class BatchNormAdapter final : public Adapter {
 public:
  /// `source_rows`: how many rows the statistics of the training count for.
  BatchNormAdapter(const ReplicaTrainer& trainer, double source_rows);
  Evaluated adapt(const Tensor& x) override;

 private:
  const Model* model_;
  Tensor parameters_;
  Tensor columns_;
  double source_rows_;
};

}  // namespace spurion::methods
