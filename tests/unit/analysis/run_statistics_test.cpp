// The interquartile mean of runs, the probability of improvement and performance profiles (Agarwal
// et al. 2021), against values by hand.
#include "analysis/run_statistics.hpp"

#include <cmath>

#include "catch.hpp"

namespace spurion::analysis {

namespace {

/// Scores of the seeds 0, 1, ... in one environment.
std::map<std::int64_t, RunScore> runs_of(const std::vector<double>& values, double noise = 0.0) {
  std::map<std::int64_t, RunScore> runs;
  for (std::size_t i = 0; i < values.size(); ++i) {
    runs[static_cast<std::int64_t>(i)] = {values[i], noise};
  }
  return runs;
}

}  // namespace

TEST_CASE("the interquartile mean is over the runs of all environments") {
  const Runs runs = {{"a", runs_of({0.0, 0.2, 0.4, 0.6})}, {"b", runs_of({0.1, 0.3, 0.5, 9.0})}};
  const Estimate iqm = interquartile_mean_of(runs, "k");
  CHECK(iqm.value == Approx((0.2 + 0.3 + 0.4 + 0.5) / 4.0));  // sorted: the middle four of eight
  CHECK(iqm.low < iqm.value);
  CHECK(iqm.high > iqm.value);
  CHECK(iqm.count == 8);
  CHECK(iqm.seeds == 4);
  const Estimate again = interquartile_mean_of(runs, "k");
  CHECK(again.low == iqm.low);
  CHECK(again.high == iqm.high);
}

TEST_CASE("the probability of improvement counts pairs of each environment") {
  const Runs x = {{"a", runs_of({1.0, 3.0})}, {"b", runs_of({1.0, 1.0})}};
  const Runs y = {{"a", runs_of({2.0, 2.0})}, {"b", runs_of({1.0, 0.0})}};
  // In a 2 of 4 pairs, in b 2 of 4 and 2 ties: (.5 + .75) / 2.
  CHECK(probability_of_improvement(x, y, "k").value == Approx(0.625));
  CHECK(probability_of_improvement(y, x, "k").value == Approx(0.375));
  CHECK(probability_of_improvement(x, x, "k").value == Approx(0.5));
  CHECK(probability_of_improvement(x, {{"c", runs_of({1.0})}}, "k").count == 0);
  const Estimate sure =
      probability_of_improvement({{"a", runs_of({5, 6, 7})}}, {{"a", runs_of({1, 2, 3})}}, "k");
  CHECK(sure.value == 1.0);
  CHECK(sure.low == 1.0);
  CHECK(sure.high <= 1.0);
}

TEST_CASE("a performance profile falls from all runs to none") {
  const Runs runs = {{"a", runs_of({0.1, 0.2})}, {"b", runs_of({0.2, 0.4})}};
  const std::vector<Estimate> profile = performance_profile(runs, {0.0, 0.1, 0.2, 0.3, 0.4}, "k");
  std::vector<double> values;
  for (const Estimate& one : profile) values.push_back(one.value);
  CHECK(values == std::vector<double>{1.0, 0.75, 0.25, 0.25, 0.0});
  CHECK(profile[1].low <= 0.75);
  CHECK(profile[1].high >= 0.75);
}

TEST_CASE("runs that coincide have intervals as wide as the noise of their rows") {
  const double noise = 0.02;
  const Runs runs = {{"a", runs_of({0.3, 0.3, 0.3, 0.3}, noise)}};
  const Estimate iqm = interquartile_mean_of(runs, "k");
  // The middle half of four values that are moved apart: about a normal of this deviation.
  CHECK(iqm.high - iqm.low > 2.0 * 1.96 * noise / std::sqrt(4.0));
  const Runs better = {{"a", runs_of({0.31, 0.31, 0.31, 0.31}, noise)}};
  const Estimate improvement = probability_of_improvement(better, runs, "k");
  CHECK(improvement.value == 1.0);
  CHECK(improvement.low < 0.9);
  const std::vector<Estimate> profile = performance_profile(runs, {0.29}, "k");
  CHECK(profile.front().value == 1.0);
  CHECK(profile.front().low < 1.0);
  // Without any noise that is known, they have none.
  const Estimate bare = interquartile_mean_of({{"a", runs_of({0.3, 0.3, 0.3})}}, "k");
  CHECK(bare.low == bare.high);
}

}  // namespace spurion::analysis
