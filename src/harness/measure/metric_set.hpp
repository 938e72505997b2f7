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
  /// Throws `PluginError` where two metrics give a measurement of one name, or one gives a name
  /// that numbers of other origin have (`reserved_measurement`).
  [[nodiscard]] MetricValues results() const;

 private:
  struct Entry {
    Part part;
    std::unique_ptr<Metric> metric;
  };
  std::vector<Entry> entries_;
  std::int64_t replicas_;
};

/// What a measurement that no metric may give is: "the gap between domains"; empty where the name
/// is free.
std::string reserved_measurement(const std::string& name);

/// Feeds each metric that is no built-in a few rows of a world like this one, so that one that
/// throws or takes another's name is refused before anything runs: throws `PluginError`.
void check_metrics(const Catalog& catalog, const EnvironmentInfo& info);

}  // namespace spurion
