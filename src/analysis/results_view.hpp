#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "analysis/study.hpp"
#include "spurion/analysis/statistics.hpp"
#include "spurion/store.hpp"

namespace spurion::analysis {

/// Finished trials of one experiment with what they are compared by.
class ResultsView {
 public:
  /// Whether trials of both tasks are kept. Their scores cannot be averaged, so by default
  /// regression is left out where something else is there.
  enum class Tasks { one, both };
  /// `axes`: options "section.field" along which trials are followed; they name nothing and belong
  /// to no setting, as do those that a search draws.
  ResultsView(const Study& study, const std::string& experiment,
              const std::set<std::string>& axes = {}, Tasks tasks = Tasks::one);

  /// A trial and where it stands in the grid.
  struct Row {
    const TrialResult* trial;
    std::string method;  ///< name, with the options in which methods of that name differ
    std::string regime;  ///< the same
    /// Everything but method, regime, seed and draw, as text: what trials are paired by.
    std::string setting;
  };
  [[nodiscard]] const std::vector<Row>& rows() const { return rows_; }
  [[nodiscard]] std::int64_t diverged(const std::string& method, const std::string& regime) const;
  /// Those that have rows, sorted, `first` and its variants in front.
  [[nodiscard]] std::vector<std::string> methods(const std::string& first = "erm") const;
  [[nodiscard]] std::vector<std::string> regimes() const;
  /// Pairs of method and regime that have rows, by regime, in the order of the above.
  struct Line {
    std::string method;
    std::string regime;
    std::string name;  ///< of the two what is not the same everywhere
    [[nodiscard]] bool holds(const Row& row) const {
      return row.method == method && row.regime == regime;
    }
  };
  [[nodiscard]] std::vector<Line> lines(const std::string& first = "erm") const;
  /// The same, named by the regime where both are the same everywhere.
  [[nodiscard]] std::vector<Line> regime_lines() const;
  /// "accuracy", or "loss" for regression.
  [[nodiscard]] const std::string& score() const { return score_; }
  /// "accuracy" or "mean squared error".
  [[nodiscard]] std::string score_text() const;
  /// A sentence about what is left out or averaged, for captions; empty where nothing is.
  [[nodiscard]] std::string note() const;

 private:
  std::vector<Row> rows_;
  std::map<std::pair<std::string, std::string>, std::int64_t> diverged_;
  std::string score_ = "accuracy";
  bool draws_ = false;
  std::int64_t of_another_task_ = 0;
};

/// The number of a trial, in its last phase unless `phase` is given.
std::optional<double> number(const TrialResult& trial, const std::string& domain,
                             const std::string& metric, std::optional<std::int64_t> phase = {});

/// What the mean of a metric can be: rates, losses, or anything.
Range range_of(const std::string& metric);

/// The option "section.field" of a trial; null where there is none.
const Value* option_of(const TrialSpec& spec, const std::string& axis);

/// All options of a trial, as "section.field".
std::vector<std::string> option_names(const TrialSpec& spec);
/// The options that have several values among those of the trials that have them.
std::set<std::string> differing_options(const std::vector<const TrialResult*>& trials);

/// The option "section.field" of a trial as text for grouping and, where it is one, as a number
/// (the length of a list; lists of one length share a place).
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

/// Largest share of predictions that one cue alone changes, after a phase or the last; null where
/// flips are not measured, as for regression.
std::optional<double> worst_flip_rate(const TrialResult& trial,
                                      std::optional<std::int64_t> phase = {});

/// Takes the option "section.field" out of what `TrialSpec::canonical` gave.
void erase_option(Value& canonical, const std::string& axis);

/// "0.123 [0.1, 0.2]", or "0.123 (one seed)".
std::string show(const Estimate& estimate, int digits = 3);
/// "p = 0.012", or "p < .0001".
std::string show_p(double p);
std::string show(double value, int digits = 3);

}  // namespace spurion::analysis
