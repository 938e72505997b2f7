// Selection as pressure, from stored candidates: against brute force, and the forms of
// over-optimisation on candidates for which they hold exactly.
#include "analysis/best_of_n.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include "analysis/fits/over_optimisation.hpp"
#include "analysis/seed_jackknife.hpp"
#include "catch.hpp"
#include "spurion/error.hpp"
#include "spurion/random.hpp"

using namespace spurion;
using namespace spurion::analysis;

namespace {

/// The mean over all subsets of n candidates of the number of the one with the highest proxy; equal
/// ones count alike.
double by_enumeration(const std::vector<double>& proxy, const std::vector<double>& values, int n) {
  double sum = 0.0;
  double subsets = 0.0;
  for (unsigned subset = 0; subset < 1U << proxy.size(); ++subset) {
    int members = 0;
    double best = -1e300;
    for (std::size_t i = 0; i < proxy.size(); ++i) {
      if ((subset >> i & 1U) == 0U) continue;
      ++members;
      best = std::max(best, proxy[i]);
    }
    if (members != n) continue;
    double chosen = 0.0;
    double equal = 0.0;
    for (std::size_t i = 0; i < proxy.size(); ++i) {
      if ((subset >> i & 1U) == 0U || proxy[i] != best) continue;
      chosen += values[i];
      equal += 1.0;
    }
    sum += chosen / equal;
    subsets += 1.0;
  }
  return sum / subsets;
}

/// A number of a candidate of quantile u whose expectation over the best of n is exactly d_n^2 =
/// log n - 1 + 1/n: -log(-log u) of the best of n is Gumbel's with mean log n + 0.5772..., and the
/// mean of -log u is 1 / n.
double squared_distance(double u) {
  constexpr double kEuler = 0.57721566490153286;
  return -std::log(-std::log(u)) - kEuler - 1.0 - std::log(u);
}

/// The same of d_n itself: the best of n has u = exp(-x) with density n exp(-n x), so that the
/// number is an inverse Laplace transform of d_s / s, by Stehfest's sum (1970) of 8 terms.
double distance(double u) {
  static const std::array<double, 8> weights = {-1.0 / 3.0,     145.0 / 3.0,    -906.0,
                                                16394.0 / 3.0,  -43130.0 / 3.0, 18730.0,
                                                -35840.0 / 3.0, 8960.0 / 3.0};
  const double step = std::log(2.0) / -std::log(u);
  double sum = 0.0;
  for (std::size_t k = 0; k < weights.size(); ++k) {
    const double s = static_cast<double>(k + 1) * step;
    const double squared = std::max(0.0, std::log(s) - 1.0 + 1.0 / s);
    sum += weights[k] * std::copysign(std::sqrt(squared), s - 1.0) / s;
  }
  return step * sum;
}

}  // namespace

TEST_CASE("the best of n of stored candidates is what trying all choices gives") {
  const std::vector<double> proxy = {0.3, 0.1, 0.3, 0.9, 0.1, 0.1, 0.5, 0.9, 0.2, 0.4};
  const std::vector<double> truth = {0.2, 0.7, -0.4, 0.6, 0.1, 0.9, 0.3, 0.35, 0.8, -0.1};
  const BestOfN best(proxy);
  for (int n = 1; n <= 10; ++n) {
    CAPTURE(n);
    CHECK(std::abs(best.expectation(truth, n) - by_enumeration(proxy, truth, n)) < 1e-12);
    CHECK(std::abs(best.expectation(proxy, n) - by_enumeration(proxy, proxy, n)) < 1e-12);
    const std::vector<double> weights = best.weights(n);
    CHECK(std::accumulate(weights.begin(), weights.end(), 0.0) == Approx(1.0).epsilon(1e-14));
  }
  CHECK_THROWS_AS(best.weights(11), UsageError);
  CHECK_THROWS_AS(best.weights(0), UsageError);
  CHECK_THROWS_AS(BestOfN({}), UsageError);
  CHECK_THROWS_AS(BestOfN({0.0, std::nan("")}), UsageError);
}

TEST_CASE("the best of many candidates has the ranks that theory expects") {
  // The rank of the best of n of N has the mean n (N + 1) / (n + 1).
  constexpr std::int64_t kCandidates = 8192;
  std::vector<double> rank;
  for (std::int64_t i = 1; i <= kCandidates; ++i) rank.push_back(static_cast<double>(i));
  const BestOfN best(rank);
  for (const std::int64_t n : {1, 2, 64, 1024, 4096, 8192}) {
    CAPTURE(n);
    const double expected = static_cast<double>(n) * (kCandidates + 1) / static_cast<double>(n + 1);
    CHECK(best.expectation(rank, n) == Approx(expected).epsilon(1e-11));
  }
}

TEST_CASE("nats of selection are the published ones") {
  CHECK(selection_nats(1) == 0.0);
  CHECK(selection_nats(2) == Approx(0.1931).epsilon(1e-3));
  CHECK(selection_nats(64) == Approx(3.1745).epsilon(1e-4));
  CHECK(selection_nats(1024) == Approx(5.9324).epsilon(1e-4));
  CHECK(selection_sizes(10) == std::vector<std::int64_t>{1, 2, 3, 4, 6, 8, 10});
  CHECK(selection_sizes(1) == std::vector<std::int64_t>{1});
}

TEST_CASE("the form of a filter is recovered from planted candidates in 9 of 10 repeats") {
  constexpr double kAlpha = 0.3;
  constexpr double kBeta = 0.08;
  constexpr std::int64_t kRepeats = 100;
  constexpr std::int64_t kCandidates = 1000;
  constexpr std::int64_t kSeeds = 50;  // the jackknife leaves out 20 candidates at a time
  const std::vector<std::int64_t> sizes = selection_sizes(32);
  int alpha_held = 0;
  int beta_held = 0;
  for (std::int64_t repeat = 0; repeat < kRepeats; ++repeat) {
    const RandomStream stream(
        RandomKey(7).child("planted filter").child(static_cast<std::uint64_t>(repeat)));
    std::vector<double> proxy;
    std::vector<double> truth;
    std::vector<std::int64_t> seeds;
    for (std::int64_t i = 0; i < kCandidates; ++i) {
      const double u = std::clamp(stream.uniform(i), 1e-12, 1.0 - 1e-12);
      proxy.push_back(u);
      truth.push_back(kAlpha * distance(u) - kBeta * squared_distance(u) +
                      0.1 * stream.normal(i, 1));
      seeds.push_back(i % kSeeds);
    }
    const Jackknifed form = jackknife_over_seeds(seeds, [&](const std::vector<std::size_t>& kept) {
      std::vector<double> proxies;
      std::vector<double> truths;
      for (const std::size_t i : kept) {
        proxies.push_back(proxy[i]);
        truths.push_back(truth[i]);
      }
      const BestOfN best(proxies);
      std::vector<fits::PressurePoint> points;
      const double start = best.expectation(truths, 1);
      for (const std::int64_t n : sizes) {
        points.push_back({std::sqrt(selection_nats(n)), best.expectation(truths, n) - start, 1.0});
      }
      const auto fit = fits::fit_over_optimisation(fits::Pressure::selection, points);
      return std::vector<double>{fit.alpha, fit.beta};
    });
    const Estimate alpha = form.estimate(0);
    const Estimate beta = form.estimate(1);
    alpha_held += alpha.low <= kAlpha && kAlpha <= alpha.high ? 1 : 0;
    beta_held += beta.low <= kBeta && kBeta <= beta.high ? 1 : 0;
  }
  CHECK(alpha_held >= 90);
  CHECK(beta_held >= 90);
}

TEST_CASE("the form of gradient pressure is recovered in 9 of 10 repeats") {
  constexpr double kAlpha = 0.2;
  constexpr double kBeta = 0.1;
  constexpr std::int64_t kRepeats = 200;
  constexpr std::int64_t kSeeds = 10;
  constexpr std::int64_t kWeights = 9;
  int alpha_held = 0;
  int beta_held = 0;
  for (std::int64_t repeat = 0; repeat < kRepeats; ++repeat) {
    const RandomStream stream(
        RandomKey(8).child("planted loss").child(static_cast<std::uint64_t>(repeat)));
    std::vector<std::int64_t> seeds(kSeeds);
    std::iota(seeds.begin(), seeds.end(), 0);
    const Jackknifed form = jackknife_over_seeds(seeds, [&](const std::vector<std::size_t>& kept) {
      std::vector<fits::PressurePoint> points;
      for (std::int64_t w = 0; w < kWeights; ++w) {
        const double d = 0.05 * std::pow(2.0, static_cast<double>(w));
        double gain = 0.0;
        for (const std::size_t seed : kept) {
          const auto row = static_cast<std::int64_t>(seed);
          // What a seed adds is the same at all weights, in part.
          const double noise = 0.03 * stream.normal(row) + 0.02 * stream.normal(row, w + 1);
          gain += d * (kAlpha - kBeta * std::log(d)) + noise;
        }
        points.push_back({d, gain / static_cast<double>(kept.size()), 1.0});
      }
      const auto fit = fits::fit_over_optimisation(fits::Pressure::gradient, points);
      return std::vector<double>{fit.alpha, fit.beta};
    });
    const Estimate alpha = form.estimate(0);
    const Estimate beta = form.estimate(1);
    alpha_held += alpha.low <= kAlpha && kAlpha <= alpha.high ? 1 : 0;
    beta_held += beta.low <= kBeta && kBeta <= beta.high ? 1 : 0;
  }
  CHECK(alpha_held >= 180);
  CHECK(beta_held >= 180);
}

TEST_CASE("forms of over-optimisation fit points that follow them, and know their peaks") {
  for (const fits::Pressure pressure : {fits::Pressure::selection, fits::Pressure::gradient}) {
    CAPTURE(fits::pressure_formula(pressure));
    fits::OverOptimisation planted{pressure, 0.6, 0.2};
    std::vector<fits::PressurePoint> points = {{0.0, 0.0, 1.0}};
    for (const double d : {0.2, 0.5, 1.0, 2.0, 4.0}) points.push_back({d, planted.at(d), 0.1 * d});
    const fits::OverOptimisation found = fits::fit_over_optimisation(pressure, points);
    CHECK(found.alpha == Approx(0.6).epsilon(1e-9));
    CHECK(found.beta == Approx(0.2).epsilon(1e-9));
    CHECK(found.at(found.peak()) == Approx(found.peak_gain()));
    CHECK(found.at(found.peak()) > found.at(0.99 * found.peak()));
    CHECK(found.at(found.peak()) > found.at(1.01 * found.peak()));
    points.resize(2);
    CHECK(std::isnan(fits::fit_over_optimisation(pressure, points).alpha));
  }
  CHECK(fits::OverOptimisation{fits::Pressure::selection, 0.6, 0.2}.peak() == Approx(1.5));
  CHECK(fits::OverOptimisation{fits::Pressure::selection, 0.6, 0.2}.peak_gain() == Approx(0.45));
  CHECK(std::isnan(fits::OverOptimisation{fits::Pressure::selection, 0.6, -0.2}.peak()));
}
