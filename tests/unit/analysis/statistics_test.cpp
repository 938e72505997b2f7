#include "spurion/analysis/statistics.hpp"

#include <cmath>

#include "catch.hpp"
#include "spurion/random.hpp"

using namespace spurion;
using namespace spurion::analysis;

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
  const Estimate one = stratified_bootstrap({{0.5}, {0.7}}, "k");
  CHECK(one.value == Approx(0.6));
  CHECK(one.low == one.value);
  CHECK(one.high == one.value);
}

TEST_CASE("differences between strata do not widen the interval") {
  const Estimate both = stratified_bootstrap({{0.0, 0.0, 0.0}, {10.0, 10.0, 10.0}}, "k");
  CHECK(both.low == Approx(5.0));
  CHECK(both.high == Approx(5.0));
}

TEST_CASE("the bootstrap interval covers the mean about as often as it says") {
  const Stream stream(StreamKey(1).child("coverage"));
  int covered = 0;
  constexpr int kRepeats = 400;
  for (int repeat = 0; repeat < kRepeats; ++repeat) {
    std::vector<double> values;
    for (int i = 0; i < 30; ++i) values.push_back(stream.normal(repeat, i));
    const Estimate estimate = stratified_bootstrap({values}, std::to_string(repeat));
    covered += estimate.low <= 0 && estimate.high >= 0 ? 1 : 0;
  }
  // The percentile interval is a little short at n = 30: 93 % or so; four standard deviations of a
  // binomial of 400 are 5 points.
  CHECK(covered > 0.88 * kRepeats);
  CHECK(covered < 0.985 * kRepeats);
}
