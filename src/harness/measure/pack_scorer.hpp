#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "harness/measure/metric_set.hpp"
#include "harness/measure/row_scorer.hpp"
#include "spurion/catalog.hpp"
#include "spurion/regime.hpp"

namespace spurion::harness {

/// Rows 0 .. count - 1 of a split of a domain.
struct DomainRowCount {
  const Domain& domain;
  Split split;
  std::int64_t count;
};

/// What is done to rows before they are scored.
struct ScoredInterventions {
  Intervention rows = Intervention::none();
  /// How their twins are made, or none: in the cue, and in the causal variable. With the second the
  /// use of both variables is measured.
  Intervention twin = Intervention::none();
  Intervention causal_twin = Intervention::none();
};

/// Scores all replicas of a pack on rows of a domain, each on rows of its own environment.
class PackScorer {
 public:
  /// `environments`: one for each replica; replicas may share one.
  PackScorer(const Catalog& catalog,
             const std::vector<std::shared_ptr<const Environment>>& environments);

  /// What predicts in later calls of `score`; the trained model unless said.
  void set_evaluated(Evaluated evaluated) { evaluated_ = std::move(evaluated); }
  [[nodiscard]] const Evaluated& evaluated() const { return evaluated_; }
  /// Several that predict one after the other in later calls of `score`: rows are cut into as many
  /// stretches. Empty: what `set_evaluated` said predicts all rows.
  void set_adapted(std::vector<Evaluated> adapted) { adapted_ = std::move(adapted); }
  /// What the inputs are multiplied by in later calls, [K, ...input_shape]; undefined: nothing.
  void set_input_mask(Tensor mask) { input_mask_ = std::move(mask); }
  /// Logits [K, B, C] in host memory of inputs [K, B, ...], as `set_evaluated` and `set_input_mask`
  /// say.
  [[nodiscard]] Tensor logits_of(const ReplicaTrainer& trainer, const Tensor& x) const;
  /// The same of another predictor.
  [[nodiscard]] Tensor logits_of(const Evaluated& evaluated, const ReplicaTrainer& trainer,
                                 const Tensor& x) const;
  /// Mean divergence of the predictions on these rows from those of the model with these parameters
  /// [K, P], as `row_divergence`: [K] float64.
  [[nodiscard]] Tensor divergence(const ReplicaTrainer& trainer, const Tensor& parameters,
                                  const DomainRowCount& rows) const;
  /// Inputs of these rows for every replica, without labels: [K or 1, count, ...].
  [[nodiscard]] Tensor inputs(const Domain& domain, Split split, RowRange rows) const;
  /// Scores predictions on rows of a domain.
  [[nodiscard]] MetricValues score(const ReplicaTrainer& trainer, const DomainRowCount& rows,
                                   const ScoredInterventions& actions) const;
  /// Replicas whose logits were not all finite in the last call of `score`, [K].
  [[nodiscard]] const std::vector<bool>& not_finite() const { return not_finite_; }
  /// The same domain in `environment`, because its parameters may depend on the data seed. It is
  /// found by kind, not by name: a phase of a stream has a name of its own.
  [[nodiscard]] Domain own(const Environment& environment, const Domain& domain) const;
  /// Rows [B, ...] as some replicas are shown them, [1 or count, B, ...]: `set_input_mask`.
  [[nodiscard]] Tensor shown(const Tensor& x, ReplicaRange replicas) const;
  [[nodiscard]] const Catalog& catalog() const { return *catalog_; }
  /// Each environment once.
  [[nodiscard]] const std::vector<const Environment*>& distinct() const { return distinct_; }
  /// Which of them a replica has.
  [[nodiscard]] std::size_t source(std::size_t replica) const { return source_[replica]; }

 private:
  class ModelPredictor;

  /// Rows of a split of a domain.
  struct DomainRows {
    const Domain& domain;
    Split split;
    RowRange range;
  };
  /// These rows of each distinct environment.
  [[nodiscard]] std::vector<Sample> samples(const DomainRows& rows,
                                            const Intervention& intervention) const;
  /// One member of these rows for every replica: [K or 1, count, ...]; undefined when they have
  /// none.
  [[nodiscard]] Tensor gather(const std::vector<Sample>& samples, Tensor Sample::*member,
                              RowRange range) const;
  /// Logits of every replica on its rows, [K, B, C]. Replicas with the same rows share one pass
  /// without copies. Notes which logits are not finite.
  [[nodiscard]] Tensor predict(const ReplicaTrainer& trainer, const std::vector<Sample>& samples,
                               RowRange range) const;
  /// The same of one predictor.
  [[nodiscard]] Tensor predict_by(const Evaluated& evaluated, const ReplicaTrainer& trainer,
                                  const std::vector<Sample>& samples, RowRange range) const;

  const Catalog* catalog_;
  const EnvironmentInfo* info_;
  std::vector<const Environment*> distinct_;
  std::vector<std::size_t> source_;  // [K] index into distinct_
  mutable std::vector<bool> not_finite_;
  Evaluated evaluated_;
  Tensor input_mask_;
  std::vector<Evaluated> adapted_;  // of each stretch of the rows
};

}  // namespace spurion::harness
