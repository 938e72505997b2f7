#pragma once

#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "spurion/export.hpp"

/// \file
/// What is known about a stored number: its name, unit, range, direction and meaning. Every list of
/// metrics, CSV dictionary, report tooltip and `spurion describe` text is made from this. Free of
/// LibTorch.

namespace spurion {

/// Whether a metric is better when it is high.
enum class Better { neither, high, low };
/// "high", "low" or "-".
SPURION_API const char* better_name(Better better);

/// The closed range of a metric.
struct MetricRange {
  double low = -std::numeric_limits<double>::infinity();  ///< least value
  double high = std::numeric_limits<double>::infinity();  ///< largest value

  /// Whether `value` lies in the range, up to `slack`. A value that is not a number does not.
  [[nodiscard]] bool holds(double value, double slack = 0.0) const {
    return value >= low - slack && value <= high + slack;
  }
  /// "[0, 1]", "[0, inf)" or "unbounded".
  [[nodiscard]] SPURION_API std::string text() const;
};

/// A stored number. A `Metric` declares one of these for each column that it writes.
struct MetricInfo {
  /// The stored name, in lower_snake_case. At most one `*` stands for a part that the data decide,
  /// such as the number of a group: "group_*_accuracy".
  std::string name;
  std::string title;    ///< what tables and charts call it: "worst-group accuracy"
  std::string meaning;  ///< a phrase without full stop: "share of rows whose class is predicted"
  std::string unit;     ///< "share of rows", "nats", "rows"; empty: none
  MetricRange range;    ///< of classification
  Better better = Better::neither;  ///< which way is better
  /// Whether its mean over the train domains is stored as well, as domain "in_distribution".
  bool averaged = true;
  /// Whether each row adds 0 or 1, so that the noise of its rows is that of a rate.
  bool rate = false;
  std::optional<MetricRange> regression = {};  ///< the range of regression, where it differs
  std::string writer = {};  ///< who writes it: "metric accuracy"; filled in when it is registered

  /// Whether a stored name is this number's: the same, or one that fits the `*`.
  [[nodiscard]] SPURION_API bool names(const std::string& stored) const;
  /// "[-1, 1]; unbounded for regression".
  [[nodiscard]] SPURION_API std::string range_text() const;
  /// The range for trials that are scored by accuracy (`accuracy`), or for regression.
  [[nodiscard]] const MetricRange& range_of(bool accuracy) const {
    return accuracy || !regression ? range : *regression;
  }
};

/// A `MetricInfo` as JSON text, which stores keep, and back. Throws `DataError` for other text.
SPURION_API std::string to_json(const MetricInfo& info);
SPURION_API MetricInfo metric_info_from_json(const std::string& text);  ///< throws `DataError`

}  // namespace spurion
