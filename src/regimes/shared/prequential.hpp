#pragma once

#include <cstdint>
#include <vector>

#include "spurion/method.hpp"
#include "spurion/regime.hpp"

namespace spurion::regimes {

/// Averages predictions made before they are learned from (prequential evaluation, Dawid 1984) over
/// windows of a stream, and compares them with what was possible.
///
/// Recorded for each window in domain "stream", at the shift of the phase: `prequential_accuracy`
/// (not for regression), `prequential_loss`, `window_rows`, and, in the environment's score per
/// row, `regret` against the Bayes ceiling of the phase and `invariant_regret` against what the
/// causal features alone allow. Summed over windows times their rows, `regret` is the dynamic
/// regret.
class Prequential {
 public:
  explicit Prequential(const RegimeContext& context);

  /// From now on predictions are of this phase, cut into so many windows of `steps` steps in all.
  void enter(std::int64_t phase, const std::vector<Phase>& each, std::int64_t steps,
             std::int64_t windows);
  /// Logits of a batch under the present parameters, in host memory.
  static Tensor predict(ReplicaTrainer& trainer, const Batch& batch);
  /// Counts a batch with these logits, of which `choice` [K, E * B] was predicted.
  void count(const Batch& batch, const Tensor& logits, const Tensor& choice);
  /// After a step: records the window when it is full, and says so.
  bool after_step(const ReplicaTrainer& trainer, Evaluator& evaluator, std::int64_t step);
  /// The sums of a window begun.
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
