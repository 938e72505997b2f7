#pragma once

#include <cstdint>

#include "harness/measure/metric_set.hpp"
#include "spurion/catalog.hpp"
#include "spurion/environment.hpp"

namespace spurion::harness {

/// Number of rows predicted at once. Results depend on it, because sums are taken chunk by chunk.
inline constexpr std::int64_t kEvaluationChunk = 1000;

/// Rows of one domain with what is predicted of them: by the replicas of a model, or elsewhere.
class Predictor {
 public:
  /// The rows as they are, and their counterfactual twins in the cue and in the causal variable.
  enum class Rows { factual, cue_twin, causal_twin };

  virtual ~Predictor() = default;
  /// How these twins were made; `none` where there are none.
  [[nodiscard]] virtual Intervention::Kind made_by(Rows rows) const = 0;
  /// Logits [K, B, C] of rows `range`, in host memory.
  [[nodiscard]] virtual Tensor logits(Rows rows, RowRange range) = 0;
  /// A member of these rows: [K, B, ...], or [1, B, ...] where all replicas share it; undefined
  /// where rows have none.
  [[nodiscard]] virtual Tensor member(Rows rows, Tensor Sample::*which, RowRange range) const = 0;
};

/// Scores `count` rows: all metrics of the catalog, and, where there are causal twins, the use that
/// predictions make of either variable.
MetricValues score_rows(Predictor& predictor, std::int64_t count, const Catalog& catalog,
                        const MetricContext& context);

}  // namespace spurion::harness
