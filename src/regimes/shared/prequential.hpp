#pragma once

#include <cstdint>
#include <vector>

#include "spurion/method.hpp"
#include "spurion/regime.hpp"

namespace spurion::regimes {

/// Prequential evaluation (Dawid 1984): scores predictions that are made before the model learns
/// from the rows, averages them over windows of a stream, and compares them with the ceilings.
///
/// Recorded for each window in domain "stream", at the shift of the phase: `prequential_accuracy`
/// (not for regression), `prequential_loss`, `window_rows`, and, in the environment's score per
/// row, `regret` against the Bayes ceiling of the phase and `invariant_regret` against the
/// invariant ceiling. The sum over windows of `regret` times rows is the dynamic regret.
class Prequential {
 public:
  explicit Prequential(const RegimeContext& context);

  /// Starts a phase of `steps` steps in total, with this number of windows.
  void enter(std::int64_t phase, const std::vector<Phase>& each, std::int64_t steps,
             std::int64_t windows);
  /// Logits of a minibatch by what is evaluated of the method, in host memory.
  static Tensor predict(const Method& method, ReplicaTrainer& trainer, const Batch& batch);
  /// Adds a minibatch with these logits and predictions `choice` [K, E * B].
  void count(const Batch& batch, const Tensor& logits, const Tensor& choice);
  /// Call it after a step: records the window and returns true if it is full.
  bool after_step(const ReplicaTrainer& trainer, Evaluator& evaluator, std::int64_t step);
  /// The sums of the current window.
  void visit_state(StateVisitor& visit);

 private:
  const RegimeContext* context_;
  Domain domain_;
  std::int64_t phase_ = 0;
  std::int64_t steps_ = 1;
  std::int64_t windows_ = 1;
  Tensor bayes_;      // float64 [K]
  Tensor invariant_;  // float64 [K]
  Tensor accuracy_;   // float64 [K], summed over batches
  Tensor loss_;
  std::int64_t batches_ = 0;
  std::int64_t rows_ = 0;
};

}  // namespace spurion::regimes
