#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "spurion/analysis/statistics.hpp"
#include "spurion/store.hpp"

namespace spurion::analysis {

/// Trials of one experiment with their numbers looked up by (domain, metric).
class ResultsView {
 public:
  ResultsView(const StoredResults& results, const std::string& experiment);

  /// A finished trial and where it stands in the grid.
  struct Row {
    const TrialResult* trial;
    std::string method;
    std::string regime;
    /// Everything but method, regime, seed and draw, as text: what trials are paired by.
    std::string setting;
  };
  [[nodiscard]] const std::vector<Row>& rows() const { return rows_; }
  [[nodiscard]] std::int64_t diverged(const std::string& method) const;
  /// Names in the order of first appearance, sorted with `first` in front.
  [[nodiscard]] std::vector<std::string> methods(const std::string& first = "erm") const;
  [[nodiscard]] std::vector<std::string> regimes() const;
  /// "accuracy", or "loss" for regression.
  [[nodiscard]] const std::string& score() const { return score_; }
  /// "accuracy" or "mean squared error".
  [[nodiscard]] std::string score_text() const;

 private:
  std::vector<Row> rows_;
  std::map<std::string, std::int64_t> diverged_;
  std::string score_ = "accuracy";
};

/// The number of a trial, in its last phase unless `phase` is given.
std::optional<double> number(const TrialResult& trial, const std::string& domain,
                             const std::string& metric, std::optional<std::int64_t> phase = {});

/// What the mean of a metric can be: rates, losses, or anything.
Range range_of(const std::string& metric);

/// The option "section.field" of a trial; null where there is none.
const Value* option_of(const TrialSpec& spec, const std::string& axis);

/// The option "section.field" of a trial as text for grouping and, where it is one, as a number
/// (the length of a list).
struct AxisValue {
  double number = 0.0;
  std::string text;
};
std::optional<AxisValue> axis_value(const TrialSpec& spec, const std::string& axis);

/// The `where` of a question or a row of one, { "section.field" = value }; null where there is
/// none. Throws `UsageError` when it is no table.
const Value* where_option(const Value& table);
/// Whether a trial has the option values of `where`; all do where that is null.
bool matches(const TrialSpec& spec, const Value* where);

/// A trial's setting without the axis and the seed: what must agree for two places on the axis to
/// be paired.
std::string setting_without(const TrialSpec& spec, const std::string& axis);

/// "0.123 [0.1, 0.2]".
std::string show(const Estimate& estimate, int digits = 3);
std::string show(double value, int digits = 3);

}  // namespace spurion::analysis
