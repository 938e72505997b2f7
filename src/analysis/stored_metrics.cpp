#include "spurion/analysis/stored_metrics.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "analysis/error_names.hpp"
#include "core/measurement_names.hpp"
#include "spurion/error.hpp"

namespace spurion::analysis {

namespace {

constexpr const char* kErrorName = "error";
constexpr const char* kAccuracy = "accuracy";

}  // namespace

std::string accuracy_of_error(const std::string& stored) {
  const std::string end = kErrorName;
  if (stored.size() < end.size() ||
      stored.compare(stored.size() - end.size(), end.size(), end) != 0) {
    return {};
  }
  return stored.substr(0, stored.size() - end.size()) + kAccuracy;
}

StoredMetrics::StoredMetrics(const StoredResults& results) {
  const std::string prefix = core::kMetricFact;
  for (auto fact = results.context.lower_bound(prefix);
       fact != results.context.end() && fact->first.compare(0, prefix.size(), prefix) == 0;
       ++fact) {
    try {
      columns_.push_back(metric_info_from_json(fact->second));
    } catch (const Error& error) {
      throw StoreError(
          fmt::format("what the store says about the metric column '{}' is damaged: {}",
                      fact->first.substr(prefix.size()), error.what()));
    }
  }
}

const MetricInfo* StoredMetrics::find(const std::string& stored) const {
  if (const MetricInfo* own = core::own_metric(stored)) return own;
  const auto column = std::find_if(columns_.begin(), columns_.end(),
                                   [&](const MetricInfo& one) { return one.names(stored); });
  return column == columns_.end() ? nullptr : &*column;
}

bool StoredMetrics::knows(const std::string& stored) const {
  if (find(stored) != nullptr) return true;
  const std::string accuracy = accuracy_of_error(stored);
  return !accuracy.empty() && find(accuracy) != nullptr;
}

MetricInfo StoredMetrics::of(const std::string& stored) const {
  if (const MetricInfo* known = find(stored)) return *known;
  const std::string accuracy = accuracy_of_error(stored);
  MetricInfo info;
  if (const MetricInfo* right = accuracy.empty() ? nullptr : find(accuracy)) {
    info = *right;
    const auto turned = [](const MetricRange& range) {
      return MetricRange{1.0 - range.high, 1.0 - range.low};
    };
    info.range = turned(right->range);
    if (right->regression) info.regression = turned(*right->regression);
    info.meaning = "1 minus the " + right->title;
    if (right->better != Better::neither) {
      info.better = right->better == Better::high ? Better::low : Better::high;
    }
  } else {
    info.meaning = "a number of an environment, a regime or a plug-in that does not explain it";
    info.averaged = false;
  }
  info.name = stored;
  info.title = stored;
  std::replace(info.title.begin(), info.title.end(), '_', ' ');
  return info;
}

}  // namespace spurion::analysis
