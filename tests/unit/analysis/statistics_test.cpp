#include "spurion/analysis/statistics.hpp"

#include <algorithm>
#include <cmath>
#include <ctime>

#include "analysis/student_distribution.hpp"
#include "catch.hpp"
#include "spurion/random.hpp"

using namespace spurion;
using namespace spurion::analysis;

namespace {

/// Configurations whose values are those of seeds 0, 1, ...
std::vector<BySeed> configurations(const std::vector<std::vector<double>>& lists) {
  std::vector<BySeed> all;
  for (const std::vector<double>& list : lists) {
    all.emplace_back();
    for (std::size_t i = 0; i < list.size(); ++i)
      all.back()[static_cast<std::int64_t>(i)] = list[i];
  }
  return all;
}

/// Processor time of what is fast: the least of a few.
template <class Work>
double seconds_of(const Work& work) {
  double least = 0.0;
  for (int i = 0; i < 3; ++i) {
    const std::clock_t start = std::clock();
    work();
    const double own = static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
    least = i == 0 ? own : std::min(least, own);
  }
  return least;
}

}  // namespace

TEST_CASE("means, deviations and interquartile means by hand") {
  CHECK(mean({1, 2, 6}) == Approx(3.0));
  CHECK(population_deviation({1, 2, 6}) == Approx(std::sqrt(14.0 / 3)));
  CHECK(interquartile_mean({1, 2, 3, 4, 100, 6, 7, 8}) == Approx((3 + 4 + 6 + 7) / 4.0));
  // Five values: the ends of the middle half cut the second and fourth in part.
  CHECK(interquartile_mean({0, 1, 2, 3, 4}) == Approx((0.75 * 1 + 2 + 0.75 * 3) / 2.5));
}

TEST_CASE("the sign-flip test is exact for few pairs") {
  CHECK(sign_flip_p({1, 1, 1}, "k") == Approx(2.0 / 8));
  CHECK(sign_flip_p({1, 1, -1}, "k") == Approx(1.0));
  CHECK(sign_flip_p({0.1, 0.2, 0.3, 0.4, 0.5}, "k") == Approx(2.0 / 32));
  CHECK(sign_flip_p({}, "k") == 1.0);
}

TEST_CASE("Holm's adjustment by hand") {
  const auto adjusted = holm({0.01, 0.04, 0.03});
  CHECK(adjusted[0] == Approx(0.03));
  CHECK(adjusted[1] == Approx(0.06));
  CHECK(adjusted[2] == Approx(0.06));
  CHECK(holm({0.9, 0.8})[0] == Approx(1.0));
}

TEST_CASE("an interval is the value itself where nothing can be resampled") {
  const Estimate one = bootstrap_over_seeds(configurations({{0.5}, {0.7}}), "k");
  CHECK(one.value == Approx(0.6));
  CHECK(one.low == one.value);
  CHECK(one.high == one.value);
}

TEST_CASE("differences between configurations do not widen the interval") {
  const Estimate both =
      bootstrap_over_seeds(configurations({{0.0, 0.0, 0.0}, {10.0, 10.0, 10.0}}), "k");
  CHECK(both.low == Approx(5.0));
  CHECK(both.high == Approx(5.0));
}

TEST_CASE("the bootstrap interval covers the mean about as often as it says") {
  const RandomStream stream(RandomKey(1).child("coverage"));
  int covered = 0;
  constexpr int kRepeats = 400;
  for (int repeat = 0; repeat < kRepeats; ++repeat) {
    std::vector<double> values;
    for (int i = 0; i < 30; ++i) values.push_back(stream.normal(repeat, i));
    const Estimate estimate =
        bootstrap_over_seeds(configurations({values}), std::to_string(repeat));
    covered += estimate.low <= 0 && estimate.high >= 0 ? 1 : 0;
  }
  // The percentile interval is a little short at n = 30: 93 % or so; four standard deviations of a
  // binomial of 400 are 5 points.
  CHECK(covered > 0.88 * kRepeats);
  CHECK(covered < 0.985 * kRepeats);
}

TEST_CASE("quantiles of Student's t are those of the tables") {
  CHECK(student_quantile(0.975, 1.0) == Approx(12.7062047).epsilon(1e-7));
  CHECK(student_quantile(0.975, 2.0) == Approx(4.3026527).epsilon(1e-7));
  CHECK(student_quantile(0.975, 4.0) == Approx(2.7764451).epsilon(1e-7));
  CHECK(student_quantile(0.975, 29.0) == Approx(2.0452296).epsilon(1e-7));
  CHECK(student_quantile(0.975, 1e7) == Approx(1.9599640).epsilon(1e-5));
  CHECK(student_quantile(0.025, 4.0) == Approx(-2.7764451).epsilon(1e-7));
  CHECK(student_quantile(0.5, 3.0) == Approx(0.0).margin(1e-9));
}

TEST_CASE("a quantile of Student's t has the digits that bisection alone gives") {
  const auto bisected = [](double p, double freedom) {
    double low = -1.0;
    double high = 1.0;
    while (student_probability(low, freedom) > p) low *= 2.0;
    while (student_probability(high, freedom) < p) high *= 2.0;
    while (high - low > 1e-12 * std::max(1.0, std::abs(low))) {
      const double middle = 0.5 * (low + high);
      (student_probability(middle, freedom) < p ? low : high) = middle;
    }
    return 0.5 * (low + high);
  };
  int different = 0;
  for (const double p : {0.975, 0.025, 0.6, 0.9995}) {
    for (double freedom = 0.5; freedom < 1e5; freedom *= 1.07) {
      different += student_quantile(p, freedom) == bisected(p, freedom) ? 0 : 1;
    }
  }
  CHECK(different == 0);
}

TEST_CASE("resampling and flips cost the same for any number of seeds beyond a thousand") {
  const RandomStream stream(RandomKey(4).child("cost"));
  const auto values = [&](int seeds) {
    std::vector<double> all;
    for (int i = 0; i < seeds; ++i) all.push_back(stream.normal(0, i));
    return all;
  };
  const std::vector<double> few = values(1000);
  const std::vector<double> many = values(32000);
  const auto few_seeds = configurations({few});
  const auto many_seeds = configurations({many});
  CHECK(seconds_of([&] { bootstrap_over_seeds(many_seeds, "k"); }) <
        8.0 * seconds_of([&] { bootstrap_over_seeds(few_seeds, "k"); }));
  CHECK(seconds_of([&] { sign_flip_p(many, "k"); }) <
        3.0 * seconds_of([&] { sign_flip_p(few, "k"); }));
}

TEST_CASE("many seeds say what as many values say") {
  constexpr int kSeeds = 20000;
  const RandomStream stream(RandomKey(3).child("many"));
  std::vector<double> first;
  std::vector<double> second;
  for (int i = 0; i < kSeeds; ++i) {
    first.push_back(0.01 + stream.normal(0, i));
    second.push_back(first.back() + 0.5);
  }
  second.resize(kSeeds / 2);  // not every configuration has every seed
  const Estimate resampled = bootstrap_over_seeds(configurations({first}), "k");
  // The mean of 20,000 normal values has a deviation of .00707; 2000 resamples tell it to 5 %.
  CHECK(resampled.value == Approx(mean(first)));
  CHECK(resampled.high - resampled.low == Approx(2 * 1.96 / std::sqrt(kSeeds)).epsilon(0.12));
  CHECK(resampled.seeds == kSeeds);
  const Estimate both = bootstrap_over_seeds(configurations({first, second}), "k");
  CHECK(both.value == Approx(0.5 * (mean(first) + mean(second))));
  CHECK(both.low < both.value);
  CHECK(both.high > both.value);
  // Of a shift by one deviation of the mean the p-value is about .32.
  std::vector<double> shifted = first;
  const double off = mean(first);
  for (double& value : shifted) value += 1.0 / std::sqrt(kSeeds) - off;
  CHECK(sign_flip_p(shifted, "k") == Approx(0.317).margin(0.03));
  for (double& value : shifted) value += 4.0 / std::sqrt(kSeeds);
  CHECK(sign_flip_p(shifted, "k") < 0.001);
}

TEST_CASE("an interval of few seeds is Student's, and the configurations of a seed count as one") {
  // Five values: deviation sqrt(2.5), half width t_4 sqrt(2.5 / 5).
  const Estimate five = mean_over_seeds(configurations({{1, 2, 3, 4, 5}}), "k");
  CHECK(five.value == Approx(3.0));
  CHECK(five.high - five.value == Approx(2.7764451 * std::sqrt(0.5)).epsilon(1e-6));
  CHECK(five.value - five.low == Approx(five.high - five.value));
  CHECK(five.seeds == 5);
  CHECK(five.count == 5);
  // The same again under another configuration tells nothing new about seeds.
  const Estimate two =
      mean_over_seeds(configurations({{1, 2, 3, 4, 5}, {11, 12, 13, 14, 15}}), "k");
  CHECK(two.value == Approx(8.0));
  CHECK(two.high - two.value == Approx(five.high - five.value));
  CHECK(two.seeds == 5);
  CHECK(two.count == 10);
  // What one configuration gains another loses: each seed has the same mean.
  const Estimate against = mean_over_seeds(configurations({{1, 2, 3, 4, 5}, {5, 4, 3, 2, 1}}), "k");
  CHECK(against.high - against.value == Approx(0.0).margin(1e-12));
  // Seeds of their own add up like independent means: half of (variance of a mean + the same).
  const Estimate apart =
      mean_over_seeds({{{0, 1.0}, {1, 2.0}, {2, 3.0}}, {{3, 1.0}, {4, 2.0}, {5, 3.0}}}, "k");
  CHECK(apart.high - apart.value ==
        Approx(student_quantile(0.975, 4.0) * std::sqrt(2.0 / 3.0) / 2).epsilon(1e-6));
  // One value varies as the others do: variance 2.5, with their degrees of freedom.
  const Estimate lone = mean_over_seeds(configurations({{1, 2, 3, 4, 5}, {10}}), "k");
  const double variance = 0.5 + 2.5;
  const double freedom = 4.0;  // of five seeds; Satterthwaite's would be 5.5
  CHECK(lone.high - lone.value ==
        Approx(student_quantile(0.975, freedom) * std::sqrt(variance) / 2).epsilon(1e-6));
  CHECK(mean_over_seeds(configurations({{0.5}, {0.7}}), "k").low == Approx(0.6));
  CHECK(mean_over_seeds(configurations({{2, 2, 2}}), "k").high == 2.0);
  CHECK(std::isnan(mean_over_seeds(configurations({{}}), "k").value));
}

TEST_CASE("an interval keeps to what the mean can be") {
  const Estimate rates = mean_over_seeds(configurations({{0.9, 1.0, 1.0, 0.6}}), "k");
  REQUIRE(rates.high > 1.0);
  const Estimate kept = confined(rates, kRate);
  CHECK(kept.high == 1.0);
  CHECK(kept.low == rates.low);
  CHECK(kept.value == rates.value);
  CHECK(confined(rates, {}).high == rates.high);
  // Rounding of the value itself is no reason to leave it out of its own interval.
  CHECK(confined({-1e-17, -1.0, 1.0, 3}, kRate).low == -1e-17);
  CHECK(std::isnan(confined(mean_over_seeds(configurations({{}}), "k"), kRate).high));
}

TEST_CASE("with many values everywhere the interval is the bootstrap's") {
  std::vector<double> values;
  for (int i = 0; i < 30; ++i) values.push_back(std::pow(1.1, i));
  const Estimate resampled = bootstrap_over_seeds(configurations({values}), "k");
  CHECK(mean_over_seeds(configurations({values}), "k").low == resampled.low);
  values.pop_back();
  CHECK(mean_over_seeds(configurations({values}), "k").low !=
        bootstrap_over_seeds(configurations({values}), "k").low);
}

TEST_CASE("an interval is never narrower than the noise of its rows") {
  // Two seeds that coincide show nothing; 40 rows in all leave a deviation of .036.
  const Estimate coincide = mean_over_seeds(configurations({{0.025, 0.025}}), "k", 0.036);
  CHECK(coincide.low == Approx(0.025 - 1.959964 * 0.036));
  CHECK(coincide.high == Approx(0.025 + 1.959964 * 0.036));
  CHECK(mean_over_seeds(configurations({{0.025, 0.025}}), "k").high == 0.025);
  // Where seeds show more than that it changes nothing, nor where they are many.
  CHECK(mean_over_seeds(configurations({{1, 2, 3, 4, 5}}), "k", 0.1).low ==
        mean_over_seeds(configurations({{1, 2, 3, 4, 5}}), "k").low);
  const std::vector<double> same(30, 0.5);
  CHECK(mean_over_seeds(configurations({same}), "k", 0.01).high == Approx(0.5 + 0.01959964));
  // One seed has no interval, whatever its rows.
  CHECK(mean_over_seeds(configurations({{0.5}}), "k", 0.1).low == 0.5);
}

TEST_CASE("a paired t test by hand agrees with the interval") {
  // Mean 3, deviation sqrt(2.5): t = 3 / sqrt(.5) = 4.2426 with 4 degrees of freedom.
  CHECK(student_p(configurations({{1, 2, 3, 4, 5}})) == Approx(0.013236).epsilon(1e-3));
  CHECK(student_p(configurations({{-1, -2, -3, -4, -5}})) == Approx(0.013236).epsilon(1e-3));
  CHECK(student_p(configurations({{-1, 1}})) == 1.0);
  CHECK(student_p(configurations({{1}})) == 1.0);
  CHECK(student_p(configurations({{}})) == 1.0);
  // Seeds that coincide are no evidence; the noise of their rows is.
  CHECK(student_p(configurations({{0.1, 0.1}})) == 1.0);
  CHECK(student_p(configurations({{0.1, 0.1}}), 0.05) == Approx(0.0455).epsilon(1e-2));
  CHECK(student_p(configurations({{1, 2, 3, 4, 5}}), 3.0) == Approx(0.3173).epsilon(1e-3));
  // A tiny p is not rounded to 0.
  CHECK(student_p(configurations({{1.0, 1.0001, 0.9999, 1.0, 1.00005}})) > 0.0);
  for (const double shift : {0.5, 1.0, 1.9, 2.0, 2.5}) {
    const auto values = configurations({{1 - shift, 2 - shift, 3 - shift, 4 - shift, 5 - shift}});
    const Estimate e = mean_over_seeds(values, "k");
    CHECK((student_p(values) < 0.05) == (e.low > 0.0 || e.high < 0.0));
  }
}
