#pragma once

#include <array>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "spurion/analysis/statistics.hpp"
#include "spurion/analysis/study.hpp"
#include "spurion/analysis/trial_fates.hpp"
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
    std::string method;       ///< name, with the options in which methods of that name differ
    std::string regime;       ///< the same
    std::string environment;  ///< the same
    /// A name for everything but method, regime, seed and draw: what trials are paired by.
    std::string setting;
  };
  [[nodiscard]] const std::vector<Row>& rows() const { return rows_; }
  /// Those that have trials, sorted, `first` and its variants in front.
  [[nodiscard]] std::vector<std::string> methods(const std::string& first = "erm") const;
  [[nodiscard]] std::vector<std::string> regimes() const;
  [[nodiscard]] std::vector<std::string> environments() const;
  /// Pairs of method and regime that have trials, by regime, in the order of the above. Those of
  /// which none is done have no rows.
  struct Line {
    std::string method;
    std::string regime;
    std::string name;         ///< of the two what is not the same everywhere
    std::string environment;  ///< empty: all of them
    [[nodiscard]] bool holds(const Row& row) const {
      return row.method == method && row.regime == regime &&
             (environment.empty() || row.environment == environment);
    }
  };
  [[nodiscard]] std::vector<Line> lines(const std::string& first = "erm") const;
  /// The same once for each environment.
  [[nodiscard]] std::vector<Line> lines_by_environment(const std::string& first) const;
  /// The same, named by the regime where both are the same everywhere.
  [[nodiscard]] std::vector<Line> regime_lines() const;
  /// "accuracy", or "loss" for regression.
  [[nodiscard]] const std::string& score() const { return score_; }
  /// "accuracy" or "mean squared error".
  [[nodiscard]] std::string score_text() const;
  /// How the trials of a line ended.
  [[nodiscard]] TrialFates fates(const Line& line) const;
  /// Sentences about lines of which some trials have no numbers; empty where all have.
  [[nodiscard]] std::string fates_text(const std::vector<Line>& lines) const;
  /// Sentences about what is left out or averaged over, and about options in which the methods
  /// differ that the first of them has too, for captions; empty where there is nothing to say.
  /// `environments`: whether numbers are averaged over them.
  [[nodiscard]] std::string note(bool environments = true, const std::string& first = "erm") const;

 private:
  std::vector<Row> rows_;
  /// By method, regime and environment.
  std::map<std::tuple<std::string, std::string, std::string>, TrialFates> fates_;
  std::set<std::string> unnamed_;
  std::string score_ = "accuracy";
  bool draws_ = false;
  std::int64_t of_another_task_ = 0;
};

/// The number of a trial, in its last phase unless `phase` is given.
std::optional<double> number(const TrialResult& trial, const std::string& domain,
                             const std::string& metric, std::optional<std::int64_t> phase = {});

/// What the mean of a metric can be: rates, losses, or anything.
Range range_of(const std::string& metric);

/// The sections of a trial with options, by name.
std::array<std::pair<const char*, const Value*>, 7> sections_of(const TrialSpec& spec);
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
std::optional<double> max_flip_rate(const TrialResult& trial,
                                    std::optional<std::int64_t> phase = {});

/// Takes the option "section.field" out of what `TrialSpec::canonical` gave.
void erase_option(Value& canonical, const std::string& axis);

/// "0.123 [0.1, 0.2]", or "0.123 (one seed)".
std::string show(const Estimate& estimate, int digits = 3);
/// "p = 0.012", or "p < .0001".
std::string show_p(double p);
std::string show(double value, int digits = 3);

}  // namespace spurion::analysis
