// What the rows of an evaluation leave unsure, and that no interval forgets it.
#include "spurion/analysis/evaluation_noise.hpp"

#include <cmath>

#include "analysis/domain_noise.hpp"
#include "catch.hpp"
#include "spurion/analysis/seed_cells.hpp"

using namespace spurion;
using namespace spurion::analysis;

namespace {

/// A trial evaluated on 100 rows a domain, with two train domains.
TrialResult evaluated_trial(std::int64_t seed = 0) {
  TrialResult trial;
  trial.spec.seed = seed;
  trial.spec.evaluation = Value::Table{{"rows", 100}};
  trial.measurements = {{0, 9, "train_0", 0.1, "accuracy", 0.9},
                        {0, 9, "train_1", 0.2, "accuracy", 0.7},
                        {0, 9, "in_distribution", 0.0, "accuracy", 0.8},
                        {0, 9, "test", 0.9, "accuracy", 0.5},
                        {0, 9, "test", 0.9, "gap", 0.3},
                        {0, 9, "test", 0.9, "loss", 0.3},
                        {0, 9, "test", 0.9, "worst_group_accuracy", 0.2},
                        {0, 9, "test", 0.9, "worst_group_rows", 5.0}};
  return trial;
}

double deviation(const TrialResult& trial, const char* domain, const char* metric, double value) {
  return row_noise(trial, domain, metric, value).deviation;
}

}  // namespace

TEST_CASE("the noise of rates and of paired differences by hand") {
  // 0 of 20, as 2 of 24.
  CHECK(rate_noise(0.0, 20).deviation == Approx(std::sqrt(2.0 / 24 * 22.0 / 24 / 24)));
  CHECK(rate_noise(0.5, 10000).deviation == Approx(0.005).epsilon(1e-3));
  CHECK(rate_noise(0.5, 0).deviation == 0.0);
  // Rows that differ: at least 10 of 98, and one in case there were none.
  CHECK(paired_noise(-0.1, 98).deviation == Approx(std::sqrt(0.108 * 0.892 / 98)).epsilon(1e-2));
  CHECK(paired_noise(0.0, 98).deviation == Approx(std::sqrt(0.01 * 0.99 / 98)));
}

TEST_CASE("the noise of an expectation over a cue by hand") {
  // Always the one or always the other: binomial.
  CHECK(mixture_noise(0.3, 0.9, 0.0, 100).deviation == Approx(rate_noise(0.3, 100).deviation));
  CHECK(mixture_noise(0.3, 0.9, 1.0, 100).deviation == Approx(rate_noise(0.9, 100).deviation));
  // Right as often as wrong, and its twin the other way round.
  CHECK(mixture_noise(0.5, 0.5, 0.5, 100).deviation == Approx(0.0).margin(1e-9));
  // .9 both: right together in .8 at least; (2 (.09) + 2 (.8 - .81)) / 4 = .04 a row.
  CHECK(mixture_noise(0.9, 0.9, 0.5, 1e6).deviation == Approx(std::sqrt(0.04 / 1e6)).epsilon(1e-3));
  CHECK(mixture_noise(0.9, 0.9, 0.5, 0).deviation == 0.0);
}

TEST_CASE("each number of a trial has the noise of its own rows") {
  const TrialResult trial = evaluated_trial();
  const double test = rate_noise(0.5, 100).deviation;
  const double id = rate_noise(0.8, 200).deviation;  // two train domains
  CHECK(deviation(trial, "test", "accuracy", 0.5) == test);
  CHECK(deviation(trial, "in_distribution", "accuracy", 0.8) == id);
  CHECK(deviation(trial, "test", "gap", 0.3) == Approx(std::hypot(test, id)));
  CHECK(deviation(trial, "test", "worst_group_accuracy", 0.2) == rate_noise(0.2, 5).deviation);
  CHECK(deviation(trial, "test", "flip_rate", 0.1) == rate_noise(0.1, 100).deviation);
  CHECK(deviation(trial, "phase_1", "cue_contribution", 0.1) == paired_noise(0.1, 100).deviation);
  CHECK(deviation(trial, "test", "cue_randomised_accuracy", 0.5) == test);
  // Its ends are not known, so rows were drawn there.
  CHECK(deviation(trial, "shift=0.5", "accuracy", 0.5) == test);
  // What is a loss, of other rows or of a plug-in.
  CHECK(deviation(trial, "test", "loss", 0.3) == 0.0);
  CHECK(deviation(trial, "in_distribution", "train_accuracy", 0.3) == 0.0);
  CHECK(deviation(trial, "test", "my_metric", 0.3) == 0.0);
}

TEST_CASE("a place of the dial is a mixture only where the ends say so") {
  TrialResult trial = evaluated_trial();
  trial.measurements.push_back({0, 9, "shift=0", 0.0, "accuracy", 0.95});
  trial.measurements.push_back({0, 9, "shift=1", 1.0, "accuracy", 0.05});
  // A cue follower: the rows and their twins make up for one another.
  CHECK(deviation(trial, "shift=0.5", "accuracy", 0.5) < 0.02);
  CHECK(deviation(trial, "shift=0.5", "accuracy", 0.51) == rate_noise(0.51, 100).deviation);
  CHECK(deviation(trial, "shift=1", "accuracy", 0.05) == Approx(rate_noise(0.05, 100).deviation));
}

TEST_CASE("a mean over train domains is as unsure as the one with fewest rows makes it") {
  TrialResult trial = evaluated_trial();
  trial.measurements.push_back({0, 0, "train_1", 0.1, "evaluated_rows", 1.0});
  // (1/100 + 1) / 4 of a row's variance.
  CHECK(deviation(trial, "in_distribution", "accuracy", 0.8) ==
        rate_noise(0.8, 4.0 / 1.01).deviation);
  // A change of a gap is as unsure as the side with fewer rows.
  CHECK(row_noise(trial, "test", "gap", 0.3).rows == Approx(4.0 / 1.01));
}

TEST_CASE("the noise of many trials is that of each") {
  std::vector<TrialResult> trials = {evaluated_trial(0), evaluated_trial(1)};
  trials.push_back(trials.front());  // measured as the first, with its options
  trials.push_back(trials.front());
  trials.back().spec.evaluation = Value::Table{{"rows", 40}};
  trials.push_back(trials.front());
  trials.back().measurements.push_back({0, 0, "train_1", 0.1, "evaluated_rows", 7.0});
  trials.push_back(trials.back());
  trials.back().measurements.set_value(trials.back().measurements.size() - 1, 3.0);
  trials.push_back(trials.front());
  trials.back().measurements.push_back({0, 0, "test", 0.9, "evaluated_rows", 20.0});
  trials.push_back(trials.front());
  trials.back().spec.evaluation = 3;
  trials.push_back(trials.front());  // with what indices and mixtures follow from
  for (const Measurement& row :
       std::vector<Measurement>{{0, 9, "test", 0.9, "ceiling_invariant", 0.75},
                                {0, 9, "test", 0.9, "ceiling_spurious_only", 0.1},
                                {0, 9, "test", 0.9, "flip_rate", 0.4},
                                {0, 9, "shift=0", 0.0, "accuracy", 0.25},
                                {0, 9, "shift=1", 1.0, "accuracy", 0.25},
                                {0, 9, "validation", 0.1, "rows", 30.0}}) {
    trials.back().measurements.push_back(row);
  }
  trials.push_back(trials.back());  // the same numbers at other values
  trials.back().measurements.set_value(3, 0.7);
  trials.back().measurements.set_value(7, 9.0);
  trials.push_back(trials.front());
  for (const char* domain :
       {"test", "in_distribution", "train_0", "shift=0.5", "phase_1", "validation", "stream"}) {
    for (const char* metric : {"accuracy", "gap", "loss", "flip_rate", "worst_group_accuracy",
                               "error", "worst_group_error", "cue_contribution", "confusion_index",
                               "shortcut_bias", "train_accuracy", "my_metric"}) {
      CAPTURE(domain, metric);
      DomainNoise noise_of(domain, metric);
      for (const TrialResult& trial : trials) {
        for (const double value : {0.25, 0.75}) {
          const RowNoise one = row_noise(trial, domain, metric, value);
          const RowNoise same = noise_of(trial, value);
          CHECK(same.deviation == one.deviation);
          CHECK(same.rows == one.rows);
          CHECK(same.same_rows == one.same_rows);
        }
      }
    }
  }
}

TEST_CASE("a difference of indices is as unsure as that of the rates behind them") {
  SeedCells one;
  SeedCells other;
  RowNoise noise = rate_noise(0.5, 40);
  noise.unit = 2.5;
  noise.deviation *= noise.unit;
  one.add("a", 0, 1.0, noise);
  other.add("a", 0, 0.0, noise);
  CHECK(one.minus(other).noise() == Approx(2.5 * paired_noise(0.4, 40).deviation));
}

TEST_CASE("rows that are all there are do not become more with more seeds") {
  TrialResult trial = evaluated_trial();
  const auto interval = [&](bool all) {
    SeedCells cells;
    for (std::int64_t seed = 0; seed < 4; ++seed) {
      TrialResult own = evaluated_trial(seed);
      if (all) own.measurements.push_back({0, 0, "test", 0.9, "evaluated_rows", 100.0});
      cells.add_number("configuration", own, "test", "accuracy");
    }
    const Estimate e = cells.estimate("k");
    return e.high - e.low;
  };
  const double one = 2.0 * 1.959964 * rate_noise(0.5, 100).deviation;
  CHECK(interval(false) == Approx(one / 2.0));
  CHECK(interval(true) == Approx(one));
  trial.measurements.push_back({0, 0, "test", 0.9, "evaluated_rows", 40.0});
  CHECK(evaluated_rows(trial, "test").rows == 40.0);
}

TEST_CASE(
    "configurations of a seed share their rows, and paired differences have a floor of their own") {
  SeedCells one;
  SeedCells two;
  SeedCells other;
  for (std::int64_t seed = 0; seed < 2; ++seed) {
    const RowNoise noise = rate_noise(0.6, 100);
    one.add("a", seed, 0.6, noise);
    two.add("a", seed, 0.6, noise);
    two.add("b", seed, 0.6, noise);
    other.add("a", seed, 0.5, rate_noise(0.5, 100));
  }
  CHECK(one.noise() == Approx(rate_noise(0.6, 100).deviation / std::sqrt(2.0)));
  CHECK(two.noise() == Approx(one.noise()));
  CHECK(one.minus(other).noise() == Approx(paired_noise(0.1, 100).deviation / std::sqrt(2.0)));
  CHECK(one.minus(other).noise() < one.noise());
}

TEST_CASE("predictions made elsewhere know the rows they are about") {
  TrialResult trial = evaluated_trial();
  trial.spec.evaluation = Value::Table{
      {"split", "test"},
      {"parts", Value::List{Value(Value::Table{{"domain", "test"}, {"first", 0}, {"rows", 30}})}}};
  CHECK(evaluated_rows(trial, "test").rows == 30.0);
  CHECK(evaluated_rows(trial, "train_0").rows == 0.0);
}
