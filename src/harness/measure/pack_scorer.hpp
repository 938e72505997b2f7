#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "harness/measure/metric_set.hpp"
#include "spurion/catalog.hpp"
#include "spurion/regime.hpp"

namespace spurion {

/// Rows predicted at once. Part of what a result is: sums are taken chunk by chunk.
inline constexpr std::int64_t kEvaluationChunk = 1000;

/// What all replicas of a pack score on rows of a domain, each on those of its own environment.
class PackScorer {
 public:
  /// `environments` holds one for each replica; the same where replicas share it.
  PackScorer(const Catalog& catalog,
             const std::vector<std::shared_ptr<const Environment>>& environments);

  /// Scores predictions on rows of a domain; `twin` is what makes the twins, or none. `causal_twin`
  /// makes twins in which the causal variable changes instead; where it is given, also measures the
  /// use that is made of either variable.
  [[nodiscard]] MetricValues score(const ReplicaTrainer& trainer, const Domain& domain, Split split,
                                   std::int64_t rows, const Intervention& intervention,
                                   const Intervention& twin,
                                   const Intervention& causal_twin = Intervention::none()) const;
  /// Replicas whose logits were not all finite when `score` was called last, [K].
  [[nodiscard]] const std::vector<bool>& not_finite() const { return not_finite_; }
  /// The same domain as `environment` has it: its parameters may depend on the data seed. By kind,
  /// not by name: a phase of a stream has a name of its own.
  [[nodiscard]] Domain own(const Environment& environment, const Domain& domain) const;
  /// Each environment once.
  [[nodiscard]] const std::vector<const Environment*>& distinct() const { return distinct_; }
  /// Which of them a replica has.
  [[nodiscard]] std::size_t source(std::size_t replica) const { return source_[replica]; }

 private:
  /// `own` without its control shift.
  [[nodiscard]] Domain own_setting(const Environment& environment, const Domain& domain) const;
  /// The rows of each distinct environment.
  [[nodiscard]] std::vector<Sample> samples(const Domain& domain, Split split, std::int64_t count,
                                            const Intervention& intervention) const;
  /// One member of these rows for every replica: [K or 1, count, ...]; undefined when they have
  /// none.
  [[nodiscard]] Tensor gather(const std::vector<Sample>& samples, Tensor Sample::*member,
                              RowRange range) const;
  /// Logits of every replica on its rows, [K, B, C]. Replicas that share rows are predicted
  /// together, without copies of the rows. Notes which are not finite.
  [[nodiscard]] Tensor predict(const ReplicaTrainer& trainer, const std::vector<Sample>& samples,
                               RowRange range) const;

  const Catalog* catalog_;
  const EnvironmentInfo* info_;
  std::vector<const Environment*> distinct_;
  std::vector<std::size_t> source_;  // [K] index into distinct_
  mutable std::vector<bool> not_finite_;
};

}  // namespace spurion
