#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/failure.hpp"
#include "spurion/catalog.hpp"

namespace spurion {

/// Measurement -> float64 [K].
using MetricValues = std::map<std::string, Tensor>;

/// All metrics of a catalog that have a meaning for these trials, fed together.
class MetricSet {
 public:
  MetricSet(const Catalog& catalog, const MetricContext& context);

  void add(const Predictions& chunk);
  /// Throws `PluginError` where two metrics give a measurement of one name, or a metric of a
  /// plug-in gives a name that it does not declare or that is spurion's own.
  [[nodiscard]] MetricValues results() const;

 private:
  struct Entry {
    Part part;
    std::unique_ptr<Metric> metric;
    std::vector<MetricInfo> columns;  ///< empty for built-ins, whose columns a test checks
  };
  std::vector<Entry> entries_;
  std::int64_t replicas_;
};

/// The columns that the metrics of a catalog declare, but for the numbers that spurion itself knows
/// by name. Failures are put down to the metric.
std::vector<MetricInfo> declared_columns(const Catalog& catalog);

/// What the facts of a store tell of the columns that metrics declare (`kMetricFact`), without
/// those of a metric that fails to say: its trials will tell.
std::map<std::string, std::string> metric_facts(const Catalog& catalog);

/// Feeds each metric that is no built-in a few rows of an environment like this one, so that one
/// that throws or takes another's name is refused before anything runs: throws `PluginError`.
void check_metrics(const Catalog& catalog, const EnvironmentInfo& info);

}  // namespace spurion
