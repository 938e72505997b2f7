#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "catch.hpp"
#include "spurion/analysis/answer.hpp"

namespace spurion::tests {

/// Trials of one experiment, "e", in a world of chance .5 whose invariant ceiling is .75 wherever a
/// test does not say another; each evaluated on 2000 rows.
class PlantedTrials {
 public:
  TrialResult& add(const std::string& method, std::int64_t seed, double id, double ood,
                   const std::string& regime = "offline") {
    TrialResult trial;
    trial.spec.experiment = "e";
    trial.spec.environment = {"world", Value::Table{}};
    trial.spec.model = {"mlp", Value::Table{}};
    trial.spec.method = {method, Value::Table{}};
    trial.spec.regime = {regime, Value::Table{}};
    trial.spec.optimizer = trial.spec.training = Value::Table{};
    trial.spec.evaluation = Value::Table{{"rows", 2000}};
    trial.spec.seed = seed;
    trial.measurements = {{0, 0, "in_distribution", 0.0, "ceiling_chance", 0.5},
                          {0, 0, "in_distribution", 0.0, "ceiling_invariant", 0.75},
                          {0, 0, "test", 0.9, "ceiling_chance", 0.5},
                          {0, 0, "test", 0.9, "ceiling_invariant", 0.75},
                          {0, 0, "test", 0.9, "ceiling_spurious_only", 0.1},
                          {0, 9, "train_0", 0.1, "accuracy", id},
                          {0, 9, "in_distribution", 0.0, "accuracy", id},
                          {0, 9, "test", 0.9, "accuracy", ood},
                          {0, 9, "test", 0.9, "gap", id - ood}};
    trials_.push_back(std::move(trial));
    return trials_.back();
  }
  /// A trial without numbers.
  void add_unfinished(const std::string& method, std::int64_t seed, Status status,
                      const std::string& message) {
    TrialResult& trial = add(method, seed, 0.0, 0.0);
    trial.status = status;
    trial.message = message;
    trial.measurements.clear();
  }
  [[nodiscard]] std::vector<TrialResult>& all() { return trials_; }
  /// A fact of the run, such as which methods are controls.
  void set_fact(const std::string& key, const std::string& value) { facts_[key] = value; }

  /// Lines of the suite about the experiment.
  void set_experiment(const std::string& lines) { experiment_ = lines; }

  /// The answer to a question whose further keys are `keys`.
  [[nodiscard]] analysis::Answer ask(const std::string& keys) const {
    StoredResults results;
    results.context = facts_;
    results.context["suite"] = "name = \"s\"\n[[experiment]]\nname = \"e\"\n" + experiment_ +
                               "[[question]]\ntext = \"?\"\nexperiment = \"e\"\n" + keys;
    results.trials = trials_;
    return analysis::answer_all(results).front();
  }

 private:
  std::vector<TrialResult> trials_;
  std::map<std::string, std::string> facts_;
  std::string experiment_;
};

/// Another value of all numbers of this domain and metric.
inline void set_number(TrialResult& trial, const std::string& domain, const std::string& metric,
                       double value) {
  for (std::size_t i = 0; i < trial.measurements.size(); ++i) {
    const auto row = trial.measurements[i];
    if (row.domain == domain && row.metric == metric) trial.measurements.set_value(i, value);
  }
}

/// The cell of a table in the first row that begins with `row`.
inline std::string planted_cell(const analysis::Table& table, const std::string& row,
                                const std::string& column) {
  for (std::size_t i = 0; i < table.rows.size(); ++i) {
    if (text_of(table.rows[i].front()) == row) return text_of(table.cell(i, column));
  }
  FAIL("no row " << row);
  return {};
}

/// Noise of a seed, of mean 0 over five.
inline double seed_noise(std::int64_t seed, double size = 0.004) {
  constexpr double kPattern[] = {-1.0, 0.6, 0.1, -0.4, 0.7};
  return size * kPattern[seed % 5];
}

}  // namespace spurion::tests
