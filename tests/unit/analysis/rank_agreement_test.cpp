// Whether two numbers rank models alike, with intervals over seeds.
#include "analysis/rank_agreement.hpp"

#include <cmath>

#include "analysis/rank_statistics.hpp"
#include "catch.hpp"
#include "spurion/random.hpp"

using namespace spurion;
using namespace spurion::analysis;

namespace {

/// Models of which x and y share a normal part: two models of each seed.
RankedModels correlated(std::uint64_t repeat, double shared, std::int64_t seeds) {
  const RandomStream stream(RandomKey(9).child("ranked models").child(repeat));
  RankedModels models;
  for (std::int64_t seed = 0; seed < seeds; ++seed) {
    for (std::int64_t model = 0; model < 2; ++model) {
      const std::int64_t lane = 4 * model;
      const double part = stream.normal(seed, lane);
      const double own = std::sqrt(1.0 - shared * shared);
      models.x.push_back(part);
      models.y.push_back(shared * part + own * stream.normal(seed, lane + 1));
      models.seeds.push_back(seed);
    }
  }
  return models;
}

}  // namespace

TEST_CASE("tau without each seed is tau of the other models") {
  const RankedModels models = correlated(0, 0.6, 12);
  const Jackknifed tau = jackknifed_tau(models);
  CHECK(tau.values.front() == Approx(kendall_tau_b(models.x, models.y)).epsilon(1e-14));
  REQUIRE(tau.drawn.size() == 12);
  CHECK(tau.seeds == 12);
  for (std::size_t left_out = 0; left_out < 12; ++left_out) {
    std::vector<double> x;
    std::vector<double> y;
    for (std::size_t i = 0; i < models.x.size(); ++i) {
      if (models.seeds[i] == static_cast<std::int64_t>(left_out)) continue;
      x.push_back(models.x[i]);
      y.push_back(models.y[i]);
    }
    CHECK(tau.drawn[left_out].front() == Approx(kendall_tau_b(x, y)).epsilon(1e-14));
  }
}

TEST_CASE("the interval of tau holds the true tau about as often as it says") {
  // Of normal numbers with correlation r, tau is 2 / pi arcsin r.
  constexpr double kPi = 3.14159265358979323846;
  for (const double r : {0.0, 0.6, 0.95}) {
    const double truth = 2.0 / kPi * std::asin(r);
    int held = 0;
    constexpr int kRepeats = 200;
    for (int repeat = 0; repeat < kRepeats; ++repeat) {
      const Estimate tau =
          tau_interval(jackknifed_tau(correlated(static_cast<std::uint64_t>(repeat), r, 20)));
      held += tau.low <= truth && truth <= tau.high ? 1 : 0;
      if (repeat == 0) CHECK(tau_p(jackknifed_tau(correlated(0, r, 20)), tau.low) == Approx(0.05));
    }
    CAPTURE(r);
    CHECK(held >= 180);
  }
}

TEST_CASE("models that all agree leave it open how often others would not") {
  RankedModels models;
  for (std::int64_t seed = 0; seed < 20; ++seed) {
    models.x.push_back(static_cast<double>(seed));
    models.y.push_back(std::exp(0.1 * static_cast<double>(seed)));
    models.seeds.push_back(seed);
  }
  const Estimate tau = tau_interval(jackknifed_tau(models));
  CHECK(tau.value == 1.0);
  CHECK(tau.high == 1.0);
  CHECK(tau.low == Approx(std::pow(0.025, 0.1)));
  CHECK(tau_p(jackknifed_tau(models), tau.low) == Approx(0.05));
  CHECK(tau_p(jackknifed_tau(models), 0.0) == 0.0);
  for (double& y : models.y) y = -y;
  const Estimate opposite = tau_interval(jackknifed_tau(models));
  CHECK(opposite.value == -1.0);
  CHECK(opposite.high == Approx(-std::pow(0.025, 0.1)));
  for (double& y : models.y) y = 0.0;
  CHECK(std::isnan(tau_interval(jackknifed_tau(models)).value));
}
