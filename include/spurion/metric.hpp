#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "spurion/environment.hpp"
#include "spurion/metric_info.hpp"
#include "spurion/model.hpp"

namespace spurion {

/// What a metric is built for.
struct MetricContext {
  Task task = Task::binary;   ///< what the label is
  std::int64_t replicas = 1;  ///< K
  std::int64_t groups = 0;    ///< 0: no groups
};

/// One chunk of rows with predictions: factual, and where the environment has twins, the same rows
/// with the cue changed. Metrics of plug-ins get tensors of their own, so that what one writes into
/// them reaches no other.
struct Predictions {
  Tensor logits;       ///< [K, B, C]
  Tensor twin_logits;  ///< [K, B, C] under do(cue := other) or a resampled cue; may be undefined
  Tensor y;            ///< [K, B] or [1, B]
  Tensor group;        ///< [K, B] or [1, B]; may be undefined
};

/// A number about predictions, accumulated chunk by chunk; chunks may be merged in any order of
/// `add` calls a caller fixes, and totals are kept in float64.
class SPURION_API Metric {
 public:
  virtual ~Metric() = default;
  /// Every column that `result` can write, for any task. A column that is not declared here is
  /// refused. What spurion shows about a column, in lists, files and reports, is this.
  [[nodiscard]] virtual std::vector<MetricInfo> columns() const = 0;
  /// False when it has no meaning for this task or data (then it is left out, not reported as 0).
  [[nodiscard]] virtual bool applies(const MetricContext& context) const = 0;
  /// Adds the predictions of some rows.
  virtual void add(const Predictions& chunk) = 0;
  /// Adds the totals of another accumulator of the same metric.
  virtual void merge(const Metric& other) = 0;
  /// name -> float64 [K]; empty when nothing was added. A measurement has one source: a name that
  /// another metric gives, or that spurion gives to a number of its own ("gap", "cue_contribution",
  /// "confusion_index" ...), is refused before anything runs. Not a number: has no meaning here.
  [[nodiscard]] virtual std::vector<std::pair<std::string, Tensor>> result() const = 0;
};

}  // namespace spurion
