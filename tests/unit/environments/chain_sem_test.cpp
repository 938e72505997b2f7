#include "environments/chain_sem/chain_sem.hpp"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include "catch.hpp"
#include "unit/environments/splits.hpp"
#include "unit/environments/synthetic_worlds.hpp"

namespace spurion {
namespace {

using environments::ChainSem;
using environments::ChainSemOptions;
using tests::kTest;
using tests::same_sample;
using tests::synthetic_world;

std::unique_ptr<Environment> chain(bool hidden, bool heteroskedastic, bool scrambled,
                                   std::uint64_t seed = 0) {
  return synthetic_world(
      "chain_sem",
      {{"hidden", hidden}, {"heteroskedastic", heteroskedastic}, {"scrambled", scrambled}}, seed);
}

struct Errors {
  Tensor causal;
  Tensor noncausal;
};
Errors errors(const Environment& world, const Tensor& weights) {
  const auto named = world.coefficient_errors(weights);
  REQUIRE(named.size() == 2);
  CHECK(named[0].first == "causal_coefficient_error");
  CHECK(named[1].first == "noncausal_coefficient_error");
  return {named[0].second, named[1].second};
}

/// Population least squares as the environment computes it, [1, D] float64.
Tensor population_erm(const ChainSemOptions& options, std::uint64_t seed) {
  const ChainSem world(options, EnvironmentContext{seed, nullptr});
  return at::tensor(world.population_erm_weights(), at::kDouble).unsqueeze(0);
}

TEST_CASE("chain_sem describes itself") {
  for (const bool hidden : {false, true}) {
    const auto world = chain(hidden, false, false);
    const EnvironmentInfo& info = world->info();
    CHECK(info.graph.defect().empty());
    CHECK(info.task == Task::regression);
    CHECK(info.groups == 0);
    CHECK(info.input_shape == Shape{10});
    CHECK_FALSE(info.shift_axis.mixture.has_value());
    const auto domains = world->train_domains();
    REQUIRE(domains.size() == 3);
    CHECK(domains[0].shift == 0.2);
    CHECK(domains[2].shift == 5.0);
  }
  CHECK(chain(false, false, false)->test_domain().shift == 10.0);
  CHECK(chain(false, true, false)->test_domain().shift == 0.1);
  CHECK(chain(true, true, true)->info().title == "Chain of three, PES");
}

TEST_CASE("The scale moves the noise of y or of z, and the graph says of which") {
  const auto moves = [](const Environment& world, const std::string& what) {
    const auto& edges = world.info().graph.edges;
    return std::any_of(edges.begin(), edges.end(),
                       [&](const Edge& edge) { return edge.from == "scale" && edge.to == what; });
  };
  for (const bool heteroskedastic : {false, true}) {
    const auto world = synthetic_world("chain_sem", {{"heteroskedastic", heteroskedastic}});
    CHECK(moves(*world, "y") == heteroskedastic);
    CHECK(moves(*world, "z") == !heteroskedastic);
    CHECK(world->info().graph.defect().empty());
  }
}

TEST_CASE("chain_sem refuses what it does not have") {
  const auto world = chain(false, false, false);
  CHECK_THROWS_AS(world->at(0.05), UsageError);
  CHECK_THROWS_AS(world->at(11), UsageError);
  CHECK_THROWS_AS(synthetic_world("chain_sem", {{"train_scales", Value::List{}}}), UsageError);
  CHECK_THROWS_AS(synthetic_world("chain_sem", {{"test_scale", 0.01}}), UsageError);
  CHECK_FALSE(world->supports(Intervention::flip("z")));
  CHECK_FALSE(world->supports(Intervention::resample("x")));
}

TEST_CASE("Rows of chain_sem are addressable") {
  for (const bool hidden : {false, true}) {
    CHECK(tests::rows_are_addressable(
        "chain_sem", {{"hidden", hidden}, {"scrambled", hidden}, {"setup_ones", !hidden}}));
  }
}

TEST_CASE("Resampling z changes z only; noise is shared along the dial") {
  const auto world = chain(true, false, false, 3);
  const RowRange rows{7, 200};
  const Sample base = world->sample(world->at(2.0), kTest, rows);
  const Sample twin = world->sample(world->at(2.0), kTest, rows, Intervention::resample("z"));
  CHECK(at::equal(base.y, twin.y));
  CHECK(at::equal(base.causal, twin.causal));
  CHECK(base.spurious.ne(twin.spurious).any(1).all().item<bool>());
  CHECK(at::equal(base.x, at::cat({base.causal, base.spurious}, 1)));
  // x is linear in e, so the same noise at twice the scale is twice the x.
  const Sample louder = world->sample(world->at(4.0), kTest, rows);
  CHECK(at::allclose(louder.causal, 2 * base.causal, 1e-6, 1e-6));
}

TEST_CASE("A scrambled chain shows the same rows, rotated") {
  const auto plain = chain(false, true, false, 4);
  const auto scrambled = chain(false, true, true, 4);
  const Sample a = plain->sample(plain->at(1.0), kTest, {0, 100});
  const Sample b = scrambled->sample(scrambled->at(1.0), kTest, {0, 100});
  CHECK(at::equal(a.y, b.y));
  CHECK(at::equal(a.causal, b.causal));
  CHECK(at::equal(a.spurious, b.spurious));
  const Tensor u = a.x.to(at::kDouble);
  const Tensor v = b.x.to(at::kDouble);
  CHECK(at::allclose(u.matmul(u.t()), v.matmul(v.t()), 1e-5, 1e-5));
  CHECK_FALSE(at::allclose(u, v, 0.1, 0.1));
}

TEST_CASE("Population ERM of the fully observed chain has its closed form") {
  // m = mean of e^2 = 9.68: z gets weight 1 / (1 + m), or m / (1 + m) when heteroskedastic, and x
  // what is left of 1, whatever the rotation.
  constexpr double kMean = 9.68;
  for (const bool heteroskedastic : {false, true}) {
    for (const bool scrambled : {false, true}) {
      ChainSemOptions options;
      options.heteroskedastic = heteroskedastic;
      options.scrambled = scrambled;
      const double leak = (heteroskedastic ? kMean : 1.0) / (1.0 + kMean);
      const auto world = chain(false, heteroskedastic, scrambled, 9);
      const Errors found = errors(*world, population_erm(options, 9));
      CHECK(found.causal[0].item<double>() == Approx(leak * leak).epsilon(1e-10));
      CHECK(found.noncausal[0].item<double>() == Approx(leak * leak).epsilon(1e-10));
      CHECK(leak * leak == Approx(heteroskedastic ? 0.8215 : 0.00877).epsilon(5e-4));
    }
  }
}

TEST_CASE("Ceilings of the fully observed chain have their closed forms") {
  constexpr double kMean = 9.68;
  for (const bool heteroskedastic : {false, true}) {
    const auto world = chain(false, heteroskedastic, heteroskedastic);
    // z in the pool has variance 2 m + (noise of y)^2 + (noise of z)^2 = 3 m + 1 either way.
    const double pooled_cross = heteroskedastic ? 3 * kMean : 2 * kMean + 1;
    const double slope = pooled_cross / (3 * kMean + 1);
    const double leak = (heteroskedastic ? kMean : 1.0) / (1.0 + kMean);
    for (const double e : {0.1, 1.0, 3.0, 10.0}) {
      const double square = e * e;
      const double y_noise = heteroskedastic ? square : 1.0;
      const double z_noise = heteroskedastic ? 1.0 : square;
      const double y_variance = 2 * square + y_noise;
      const Ceilings c = world->ceilings(world->at(e));
      CHECK(c.bayes.value == Approx(5 * square / (1 + square)).epsilon(1e-9));
      CHECK(c.invariant.value == Approx(5 * y_noise).epsilon(1e-9));
      CHECK(c.population_erm->value ==
            Approx(5 * ((1 - leak) * (1 - leak) * y_noise + leak * leak * z_noise)).epsilon(1e-9));
      CHECK(c.spurious_only.value ==
            Approx(5 * (y_variance * (1 - slope) * (1 - slope) + slope * slope * z_noise))
                .epsilon(1e-9));
      CHECK(c.chance == Approx(5 * y_variance).epsilon(1e-9));
    }
  }
}

TEST_CASE("Population ERM of the partially observed chain lies where the archived runs do") {
  // Archived PEU runs: .7738 +- .0475 and .7742 +- .0381 over 200 draws of the paths.
  constexpr int kDraws = 400;
  ChainSemOptions options;
  options.hidden = true;
  options.heteroskedastic = true;
  double sum = 0;
  double noncausal = 0;
  double squares = 0;
  for (int seed = 0; seed < kDraws; ++seed) {
    const auto world =
        ChainSem(options, EnvironmentContext{static_cast<std::uint64_t>(seed), nullptr});
    const Errors found =
        errors(world, at::tensor(world.population_erm_weights(), at::kDouble).unsqueeze(0));
    const double causal = found.causal[0].item<double>();
    sum += causal / kDraws;
    squares += causal * causal / kDraws;
    noncausal += found.noncausal[0].item<double>() / kDraws;
  }
  const double deviation = std::sqrt(squares - sum * sum);
  // Four standard errors of the difference of means.
  CHECK(std::abs(sum - 0.7738) < 4 * 0.0475 * std::sqrt(1.0 / 200 + 1.0 / kDraws));
  CHECK(std::abs(noncausal - 0.7742) < 4 * 0.0381 * std::sqrt(1.0 / 200 + 1.0 / kDraws));
  CHECK(deviation == Approx(0.0475).epsilon(0.25));
}

TEST_CASE("Coefficient errors are zero at the truth and per replica") {
  for (const bool scrambled : {false, true}) {
    const auto world = chain(true, false, scrambled, 5);
    // The rotation, read off the rows: x = (causal, spurious) S.
    const Sample sample = world->sample(world->at(1.0), kTest, {0, 400});
    const Tensor own = at::cat({sample.causal, sample.spurious}, 1).to(at::kDouble);
    const Tensor rotation =
        at::linalg_solve(own.t().matmul(own), own.t().matmul(sample.x.to(at::kDouble)));
    // With W_xy = I the label has coefficient 1 on each x; weights w on (x, z) S act as S w.
    const Tensor truth = at::cat({at::ones({5}, at::kDouble), at::zeros({5}, at::kDouble)});
    const Tensor off =
        truth + 0.5 * at::cat({at::zeros({5}, at::kDouble), at::ones({5}, at::kDouble)});
    const Tensor weights = at::stack({truth, off, 0 * truth}).matmul(rotation);
    const Errors found = errors(*world, weights.to(at::kFloat));
    const Tensor causal = at::tensor({0.0, 0.0, 1.0}, at::kDouble);
    const Tensor noncausal = at::tensor({0.0, 0.25, 0.0}, at::kDouble);
    CHECK(at::allclose(found.causal, causal, 1e-5, 1e-5));
    CHECK(at::allclose(found.noncausal, noncausal, 1e-5, 1e-5));
  }
}

}  // namespace
}  // namespace spurion
