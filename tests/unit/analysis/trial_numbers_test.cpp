// Numbers whose places are found once for many trials are those of each trial.
#include "analysis/trial_numbers.hpp"

#include <vector>

#include "catch.hpp"
#include "spurion/analysis/results_view.hpp"

using namespace spurion;
using namespace spurion::analysis;

namespace {

/// A trial of one phase that follows its cue in so many rows.
TrialResult one_phase(double flip, double accuracy) {
  TrialResult trial;
  trial.spec.evaluation = Value::Table{{"rows", 100}};
  trial.measurements = {{0, 9, "in_distribution", 0.1, "accuracy", accuracy},
                        {0, 0, "in_distribution", 0.1, "ceiling_chance", 0.5},
                        {0, 0, "in_distribution", 0.1, "ceiling_invariant", 0.75},
                        {0, 9, "test", 0.9, "flip_rate", flip},
                        {0, 9, "test_colour", 0.9, "flip_rate", flip + 0.1},
                        {0, 9, "in_distribution", 0.1, "flip_rate", 0.99}};
  return trial;
}

/// Trials that were measured in different ways, each way several times.
std::vector<TrialResult> measured_trials() {
  std::vector<TrialResult> trials;
  for (const double value : {0.2, 0.6, 0.9}) {
    trials.push_back(one_phase(value, value));
    trials.push_back(trials.front());  // the layout of the first
    trials.back().measurements.set_value(0, value);
    trials.back().measurements.set_value(3, value);
    TrialResult stream = one_phase(value, value);
    stream.measurements.push_back({1, 9, "test", 0.9, "flip_rate", value / 2});
    stream.measurements.push_back({1, 9, "cue_colour", 0.9, "flip_rate", value / 3});
    trials.push_back(stream);
    TrialResult no_ceiling = one_phase(value, value);
    no_ceiling.measurements.erase(2);
    trials.push_back(no_ceiling);
    TrialResult no_score = one_phase(value, value);
    no_score.measurements.erase(0);
    trials.push_back(no_score);
    trials.emplace_back();
  }
  return trials;
}

}  // namespace

TEST_CASE("flip rates of many trials are those of each") {
  FlipFinder flip_of;
  std::size_t found = 0;
  for (const TrialResult& trial : measured_trials()) {
    const auto one = max_flip_rate(trial);
    CHECK(flip_of(trial) == one);
    found += one ? 1 : 0;
  }
  CHECK(found == 15);
}

TEST_CASE("learning of many trials is that of each") {
  const std::vector<TrialResult> trials = measured_trials();
  for (const char* metric : {"accuracy", "loss"}) {
    SeedCells each;
    SeedCells together;
    LearningFinder learning_of(metric);
    for (const TrialResult& trial : trials) {
      each.add_learning("c", trial, metric);
      learning_of.add(together, "c", trial);
    }
    CHECK(together.values() == each.values());
    CHECK(together.noise() == each.noise());
    CHECK(together.empty() == (metric == std::string("loss")));
  }
}
