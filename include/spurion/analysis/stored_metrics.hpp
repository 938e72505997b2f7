#pragma once

#include <string>
#include <vector>

#include "spurion/metric_info.hpp"
#include "spurion/store.hpp"

namespace spurion::analysis {

/// What is known about the numbers of a store: those that spurion itself knows, and the columns of
/// registered metrics, which a run writes into the facts of its store. So a report explains the
/// columns of a plug-in's metric without the plug-in.
class SPURION_API StoredMetrics {
 public:
  StoredMetrics() = default;
  /// Throws `StoreError` where a fact about a metric cannot be read.
  explicit StoredMetrics(const StoredResults& results);

  /// What is known about a stored name. "..._error" is known where "..._accuracy" is: it is 1 minus
  /// that. For a name that nothing is known about the title is the name, and the range unbounded.
  [[nodiscard]] MetricInfo of(const std::string& stored) const;
  /// Whether anything is known about a stored name.
  [[nodiscard]] bool knows(const std::string& stored) const;
  /// The columns that the facts of the store tell of.
  [[nodiscard]] const std::vector<MetricInfo>& columns() const { return columns_; }

 private:
  [[nodiscard]] const MetricInfo* find(const std::string& stored) const;

  std::vector<MetricInfo> columns_;
};

}  // namespace spurion::analysis
