#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/failure.hpp"
#include "spurion/catalog.hpp"

namespace spurion::harness {

/// Measurement -> float64 [K].
using MetricValues = std::map<std::string, Tensor>;

/// All metrics of a catalog that apply to these trials.
class MetricSet {
 public:
  MetricSet(const Catalog& catalog, const MetricContext& context);

  void add(const Predictions& chunk);
  /// Throws `PluginError` if two metrics give a measurement with the same name, or if a metric of a
  /// plug-in gives a name that it does not declare or that spurion uses itself.
  [[nodiscard]] MetricValues results() const;

 private:
  struct Entry {
    core::Part part;
    std::unique_ptr<Metric> metric;
    std::vector<MetricInfo> columns;  ///< empty for built-ins, whose columns a test checks
  };
  std::vector<Entry> entries_;
  std::int64_t replicas_;
};

/// The columns that the metrics of a catalog declare, but for the numbers that spurion itself knows
/// by name. Failures are attributed to the metric.
std::vector<MetricInfo> declared_columns(const Catalog& catalog);

/// What the facts of a store tell of the columns that metrics declare (`kMetricFact`), without
/// those of a metric that fails to say: its trials will tell.
std::map<std::string, std::string> metric_facts(const Catalog& catalog);

/// Tries each metric of a plug-in on a few rows of an environment like this one. Throws
/// `PluginError` if it throws or takes the name of another, so that a run refuses it at once.
void check_metrics(const Catalog& catalog, const EnvironmentInfo& info);

}  // namespace spurion::harness
