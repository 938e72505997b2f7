#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "spurion/analysis/seed_cells.hpp"
#include "spurion/analysis/statistics.hpp"
#include "spurion/analysis/study.hpp"
#include "spurion/analysis/trial_fates.hpp"
#include "spurion/analysis/trial_fields.hpp"
#include "spurion/metric_info.hpp"
#include "spurion/store.hpp"

namespace spurion::analysis {

/// Finished trials of one experiment with what they are compared by.
class SPURION_API ResultsView {
 public:
  /// Whether trials of both tasks are kept. Their scores cannot be averaged, so by default
  /// regression is left out where something else is there.
  enum class Tasks { one, both };
  /// `axes`: options "section.field" along which trials are followed; they name nothing and belong
  /// to no configuration, as do those that a search draws.
  ResultsView(const Study& study, const std::string& experiment,
              const std::set<std::string>& axes = {}, Tasks tasks = Tasks::one);

  // Rows refer to names that the view holds.
  ResultsView(const ResultsView&) = delete;
  ResultsView& operator=(const ResultsView&) = delete;
  ResultsView(ResultsView&&) = default;             ///< takes all rows
  ResultsView& operator=(ResultsView&&) = default;  ///< takes all rows

  /// A trial and where it stands in the grid. Its names are those that the view holds.
  struct Row {
    const TrialResult* trial;   ///< the trial of the row
    const std::string& method;  ///< name, with the options in which methods of that name differ
    const std::string& regime;  ///< the same
    const std::string& environment;  ///< the same
    /// A name for everything but method, regime, seed and configuration: what trials are paired by.
    const std::string& configuration;
  };
  /// The trials that are done.
  [[nodiscard]] const std::vector<Row>& rows() const { return rows_; }
  /// Those that have trials, sorted, `first` and its variants in front.
  [[nodiscard]] std::vector<std::string> methods(const std::string& first = "erm") const;
  /// All regimes; online, continual and offline come first.
  [[nodiscard]] std::vector<std::string> regimes() const;
  /// All environments, by name.
  [[nodiscard]] std::vector<std::string> environments() const;
  /// Pairs of method and regime that have trials, by regime, in the order of the above. Those of
  /// which none is done have no rows.
  struct Line {
    std::string method;       ///< name of the method with the options that differ
    std::string regime;       ///< name of the regime with the options that differ
    std::string name;         ///< of the two what is not the same everywhere
    std::string environment;  ///< empty: all of them
    /// Whether a row is of this line.
    [[nodiscard]] bool holds(const Row& row) const {
      return row.method == method && row.regime == regime &&
             (environment.empty() || row.environment == environment);
    }
  };
  /// One line for each method and regime; lines of the method `first` come first.
  [[nodiscard]] std::vector<Line> lines(const std::string& first = "erm") const;
  /// The same once for each environment.
  [[nodiscard]] std::vector<Line> lines_by_environment(const std::string& first) const;
  /// The same, named by the regime where both are the same everywhere.
  [[nodiscard]] std::vector<Line> regime_lines() const;
  /// The trials of a line that are done, in their order.
  [[nodiscard]] std::vector<std::reference_wrapper<const Row>> rows(const Line& line) const;
  /// One number of the trials of a line, by configuration and seed: `.estimate(key)` is its mean
  /// with an interval over seeds. Trials that lack it are left out.
  [[nodiscard]] SeedCells numbers(const Line& line, const std::string& domain,
                                  const std::string& metric) const;
  /// By how much the trials of a line score better than half-way from chance to the invariant
  /// ceiling: `learned(learning(line).estimate(key))` says whether the model learned.
  [[nodiscard]] SeedCells learning(const Line& line) const;
  /// `max_flip_rate` of the trials of a line, after their last phases.
  [[nodiscard]] SeedCells flips(const Line& line) const;
  /// "accuracy", or "loss" for regression.
  [[nodiscard]] const std::string& score() const { return score_; }
  /// Whether trials are scored by accuracy, not by the loss of a regression.
  [[nodiscard]] bool scored_by_accuracy() const;
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
  /// What has one method, regime and environment.
  struct Group {
    TrialFates fates;
    std::vector<std::size_t> rows;     ///< their places
    std::vector<std::size_t> ordered;  ///< the same by configuration, then seed
  };
  /// Places of rows by configuration, then seed, then as they were.
  [[nodiscard]] std::vector<std::size_t> by_configuration(std::vector<std::size_t> places) const;
  /// Whether some seed of a configuration has several hyper-parameter samples.
  [[nodiscard]] bool has_several_samples() const;
  /// The trials of a line in the order in which `SeedCells` takes them soonest.
  [[nodiscard]] std::vector<std::reference_wrapper<const Row>> ordered_rows(const Line& line) const;
  [[nodiscard]] std::vector<std::reference_wrapper<const Row>> rows_at(
      const std::vector<std::size_t>& places) const;
  /// Those of a line: of each environment, or of the one that it names.
  [[nodiscard]] std::vector<const Group*> groups(const Line& line) const;

  /// Names of method, regime and environment.
  using GroupKey = std::tuple<std::string, std::string, std::string>;

  std::map<GroupKey, Group> groups_;
  std::vector<std::string> configurations_;  ///< their names, by rank
  std::vector<Row> rows_;
  std::vector<std::uint32_t> ranks_;  ///< of the rows' configurations
  std::set<std::string> unnamed_;
  std::string score_ = "accuracy";
  bool draws_ = false;
  std::int64_t of_another_task_ = 0;
};

/// The number of a trial, in its last phase unless `phase` is given.
SPURION_API std::optional<double> number(const TrialResult& trial, const std::string& domain,
                                         const std::string& metric,
                                         std::optional<std::int64_t> phase = {});

/// What the mean of a metric can be, of trials that are scored by accuracy or for regression.
SPURION_API Range range_of(const MetricInfo& metric, bool accuracy = true);
/// The same of a number that spurion itself knows; unbounded for any other name.
SPURION_API Range range_of(const std::string& metric, bool accuracy = true);

/// Largest share of predictions that one cue alone changes, after a phase or the last; null where
/// flips are not measured, as for regression.
SPURION_API std::optional<double> max_flip_rate(const TrialResult& trial,
                                                std::optional<std::int64_t> phase = {});

/// "0.123 [0.1, 0.2]", or "0.123 (one seed)".
SPURION_API std::string show(const Estimate& estimate, int digits = 3);
/// "p = 0.012", or "p < .0001".
SPURION_API std::string show_p(double p);
SPURION_API std::string show(double value, int digits = 3);

}  // namespace spurion::analysis
