#pragma once

#include "spurion/method.hpp"

namespace spurion::methods {

/// log softmax over the last axis, by operations whose result for a row depends on that row alone.
Tensor log_probabilities(const Tensor& logits);

/// Divergence of a student's predictions from a teacher's, mean over rows, [K]; logits are
/// [K, R, C]. Classes: temperature^2 * KL(teacher || student) of softened predictions (Hinton et
/// al. 2015); regression: mean squared difference.
Tensor distillation(Task task, const Tensor& student, const Tensor& teacher, double temperature);

/// KL(teacher || student) of the predictions for each row, [K, R]; for classes.
Tensor row_divergences(Task task, const Tensor& student, const Tensor& teacher);

/// Parameters kept to be predicted with later.
class Teacher {
 public:
  void learn(const ReplicaTrainer& trainer) { parameters_ = trainer.parameters().detach().clone(); }
  [[nodiscard]] bool known() const { return parameters_.defined(); }
  /// [K, P]; undefined before it learned.
  [[nodiscard]] const Tensor& parameters() const { return parameters_; }
  /// Logits [K, R, C], without a graph.
  [[nodiscard]] Tensor predict(const ReplicaTrainer& trainer, const Tensor& x) const;
  void visit_state(StateVisitor& visit) { visit("parameters", parameters_); }

 private:
  Tensor parameters_;
};

}  // namespace spurion::methods
