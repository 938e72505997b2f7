#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <utility>
#include <vector>

#include "catch.hpp"
#include "environments/two_bit/two_bit_exact.hpp"
#include "unit/environments/splits.hpp"
#include "unit/environments/synthetic_worlds.hpp"

namespace spurion {
namespace {

using environments::TwoBitDomain;
using environments::TwoBitExact;
using environments::TwoBitLogits;
using environments::TwoBitLoss;
using tests::kTest;
using tests::same_sample;
using tests::synthetic_world;

constexpr auto kLogistic = TwoBitLoss::logistic;
constexpr auto kSquared = TwoBitLoss::squared;

/// Equal but for rounding.
Approx nearly(double value) { return Approx(value).epsilon(0).margin(1e-12); }

/// The domains of Kamath et al. for which the penalty misleads.
TwoBitExact kamath() { return TwoBitExact({{0.1, 0.11}, {0.1, 0.4}}); }

TEST_CASE("two_bit describes itself") {
  const auto world = synthetic_world("two_bit");
  const EnvironmentInfo& info = world->info();
  CHECK(info.graph.defect().empty());
  CHECK(info.task == Task::binary);
  CHECK(info.groups == 4);
  CHECK(info.input_shape == Shape{2});
  REQUIRE(info.shift_axis.mixture.has_value());
  const auto domains = world->train_domains();
  REQUIRE(domains.size() == 2);
  CHECK(domains[0].shift == 0.11);
  CHECK(domains[1].shift == 0.4);
  CHECK(world->test_domain().shift == 0.9);
  CHECK_THROWS_AS(synthetic_world("two_bit", {{"betas", Value::List{}}}), UsageError);
  CHECK_THROWS_AS(synthetic_world("two_bit", {{"alpha", 1.5}}), UsageError);
  CHECK_THROWS_AS(world->at(-0.1), UsageError);
}

TEST_CASE("Rows of two_bit are addressable and consistent") {
  CHECK(tests::rows_are_addressable("two_bit", {}));
  const auto world = synthetic_world("two_bit");
  const Sample sample = world->sample(world->test_domain(), kTest, {0, 500});
  CHECK(at::equal(sample.x, at::cat({sample.causal, sample.spurious}, 1)));
  CHECK(at::equal(sample.x.abs(), at::ones({500, 2})));
  const Tensor agrees = sample.spurious.squeeze(1).gt(0).eq(sample.y.eq(1)).to(at::kLong);
  CHECK(at::equal(sample.group, 2 * sample.y + agrees));
}

TEST_CASE("Interventions on a bit of two_bit change that bit only") {
  const auto world = synthetic_world("two_bit", {}, 2);
  const RowRange rows{10, 300};
  const Domain domain = world->at(0.3);
  const Sample base = world->sample(domain, kTest, rows);
  const Tensor side = (2 * base.y - 1).to(at::kFloat);
  const auto bit = [&](const Intervention& intervention, std::int64_t column) {
    const Sample twin = world->sample(domain, kTest, rows, intervention);
    CHECK(at::equal(twin.y, base.y));
    CHECK(at::equal(twin.x.select(1, 1 - column), base.x.select(1, 1 - column)));
    return twin.x.select(1, column).contiguous();
  };
  for (const std::int64_t column : {0, 1}) {
    const std::string name = column == 0 ? "x1" : "x2";
    CHECK(at::equal(bit(Intervention::flip(name), column), -base.x.select(1, column)));
    CHECK(at::equal(bit(Intervention::align(name), column), side));
    CHECK(at::equal(bit(Intervention::oppose(name), column), -side));
    CHECK(at::equal(bit(Intervention::set(name, -1), column), at::full({300}, -1.0F)));
    const Tensor coin = bit(Intervention::resample(name), column);
    CHECK(std::abs((coin * side).mean().item<double>()) < 4 / std::sqrt(300.0));
  }
  CHECK_FALSE(world->supports(Intervention::set("x2", 0)));
  CHECK_FALSE(world->supports(Intervention::flip("x3")));
  // The ends of the shift are the two arms of its mixture.
  CHECK(same_sample(world->sample(world->at(0), kTest, rows),
                    world->sample(domain, kTest, rows, Intervention::align("x2"))));
  CHECK(same_sample(world->sample(world->at(1), kTest, rows),
                    world->sample(domain, kTest, rows, Intervention::oppose("x2"))));
}

// Constants of the next two cases: sums over the eight cells in 40-digit decimal arithmetic.
TEST_CASE("Risks and penalties of the two-bit world equal hand-summed constants") {
  const TwoBitLogits f = {1.5, 0.25, -0.75, -2.0};
  struct Row {
    double beta, logistic, logistic_gradient, squared, squared_gradient;
  };
  const Row rows[] = {
      {0.11, 0.28756074338785620136, -0.1770466706173490066, 0.82125, 2.4175},
      {0.40, 0.39740916327614635895, -0.1220078862119643967, 0.89375, 1.8375},
      {0.90, 0.58680299066975007894, -0.0271134303406116211, 1.01875, 0.8375},
  };
  for (const Row& row : rows) {
    const TwoBitDomain domain{0.1, row.beta};
    CHECK(TwoBitExact::risk(domain, f, kLogistic) == nearly(row.logistic));
    CHECK(TwoBitExact::scale_gradient(domain, f, kLogistic) == nearly(row.logistic_gradient));
    CHECK(TwoBitExact::risk(domain, f, kSquared) == nearly(row.squared));
    CHECK(TwoBitExact::scale_gradient(domain, f, kSquared) == nearly(row.squared_gradient));
  }
  const TwoBitExact exact = kamath();
  CHECK(exact.mean_risk(f, kLogistic) == nearly(0.3424849533320012802));
  CHECK(exact.risk_variance(f, kLogistic) == nearly(0.003016668837988525160));
  CHECK(exact.irm_penalty(f, kLogistic) == nearly(0.02311572393729986203));
  CHECK(exact.irm_objective(f, 50, kLogistic) == nearly(1.498271150196994382));
  CHECK(exact.risk_variance(f, kSquared) == nearly(0.0013140625));
  CHECK(exact.irm_penalty(f, kSquared) == nearly(4.61035625));
}

TEST_CASE("Best predictors of the two-bit world have their closed forms") {
  // Entropy of one noisy bit, and 4 alpha (1 - alpha).
  const TwoBitLogits invariant = TwoBitExact::invariant(0.1, kLogistic);
  CHECK(invariant[0] == nearly(std::log(9.0)));
  const TwoBitExact exact = kamath();
  for (const TwoBitDomain& domain : exact.train_domains()) {
    CHECK(TwoBitExact::risk(domain, invariant, kLogistic) == nearly(0.3250829733914482395));
    CHECK(TwoBitExact::scale_gradient(domain, invariant, kLogistic) == nearly(0));
    CHECK(TwoBitExact::risk(domain, TwoBitExact::invariant(0.1, kSquared), kSquared) ==
          nearly(0.36));
  }
  CHECK(exact.risk_variance(invariant, kLogistic) == nearly(0));
  const auto bayes_risk = [](double beta, TwoBitLoss loss) {
    const TwoBitDomain domain{0.1, beta};
    return TwoBitExact::risk(domain, TwoBitExact::bayes(domain, loss), loss);
  };
  CHECK(bayes_risk(0.11, kLogistic) == nearly(0.1882883965512902865));
  CHECK(bayes_risk(0.11, kSquared) == nearly(0.2308720259930824861));
  CHECK(bayes_risk(0.4, kLogistic) == nearly(0.3178026402085512112));
  CHECK(bayes_risk(0.4, kSquared) == nearly(0.3546798029556650246));
  // Without noise in one bit the risk is 0 at infinite logits.
  const TwoBitDomain certain{0.1, 0.0};
  CHECK(TwoBitExact::risk(certain, TwoBitExact::bayes(certain, kLogistic), kLogistic) == 0.0);
  CHECK(TwoBitExact::scale_gradient(certain, TwoBitExact::bayes(certain, kLogistic), kLogistic) ==
        0.0);
}

TEST_CASE("Without a penalty the IRMv1 minimiser is ERM's") {
  const TwoBitExact exact = kamath();
  for (const TwoBitLoss loss : {kLogistic, kSquared}) {
    const TwoBitLogits erm = exact.erm(loss);
    const TwoBitLogits found = exact.irm_minimiser(0, loss);
    CHECK(found[0] == Approx(erm[0]).epsilon(0).margin(1e-6));
    CHECK(found[1] == Approx(erm[1]).epsilon(0).margin(1e-6));
    CHECK(exact.mean_risk(found, loss) ==
          Approx(exact.mean_risk(erm, loss)).epsilon(0).margin(1e-12));
  }
}

TEST_CASE("Under the squared loss the IRMv1 penalty prefers a predictor that leans on x2") {
  // Kamath et al.: for these domains the penalty vanishes at a non-invariant f1 whose
  // risk is below the invariant predictor's.
  const TwoBitExact exact = kamath();
  const double invariant_risk = exact.mean_risk(TwoBitExact::invariant(0.1, kSquared), kSquared);
  for (const double weight : {1e2, 1e4, 1e6}) {
    const TwoBitLogits f1 = exact.irm_minimiser(weight, kSquared);
    CHECK(f1[0] - f1[1] > 0.6);  // what x2 changes; 0 if invariant
    CHECK(exact.irm_objective(f1, weight, kSquared) < invariant_risk - 0.02);
  }
  // In the limit both domains' gradients vanish:
  // P(x1 = x2) a^2 + P(x1 != x2) b^2 = (1 - alpha - beta) a + (beta - alpha) b.
  const TwoBitLogits f1 = exact.irm_minimiser(1e8, kSquared);
  const double a = f1[0];
  const double b = f1[1];
  CHECK(0.812 * a * a + 0.188 * b * b == Approx(0.79 * a + 0.01 * b).epsilon(0).margin(1e-5));
  CHECK(0.58 * a * a + 0.42 * b * b == Approx(0.5 * a + 0.3 * b).epsilon(0).margin(1e-5));
  CHECK(a == Approx(0.9557).epsilon(0).margin(1e-4));
  CHECK(b == Approx(0.2943).epsilon(0).margin(1e-4));
  // f1 pays for it where x2 disagrees.
  const TwoBitDomain shifted{0.1, 0.9};
  CHECK(TwoBitExact::risk(shifted, f1, kSquared) > 0.36 + 0.1);
}

TEST_CASE("Under the logistic loss the IRMv1 minimiser turns invariant as the penalty grows") {
  const TwoBitExact exact = kamath();
  double leaning = std::numeric_limits<double>::infinity();
  for (const double weight : {1.0, 1e2, 1e4, 1e6}) {
    const TwoBitLogits f = exact.irm_minimiser(weight, kLogistic);
    CHECK(f[0] - f[1] > 0.0);
    CHECK(f[0] - f[1] < leaning);
    leaning = f[0] - f[1];
  }
  CHECK(leaning < 0.01);
}

TEST_CASE("Ceilings of two_bit are those of its four inputs") {
  const auto world = synthetic_world("two_bit");
  for (const double beta : {0.0, 0.05, 0.3, 0.9, 1.0}) {
    const Ceilings c = world->ceilings(world->at(beta));
    CHECK(c.bayes.value == nearly(std::max({0.9, beta, 1 - beta})));
    CHECK(c.invariant.value == nearly(0.9));
    CHECK(c.spurious_only.value == nearly(1 - beta));
    // x1 is the better bit in the pool (mean beta .255), so ERM's sign follows it.
    CHECK(c.population_erm->value == nearly(0.9));
  }
  const auto tempting =
      synthetic_world("two_bit", {{"alpha", 0.25}, {"betas", Value::List{0.1, 0.2}}});
  const Ceilings c = tempting->ceilings(tempting->test_domain());
  CHECK(c.population_erm->value == nearly(0.1));
  CHECK(c.spurious_only.value == nearly(0.1));
  CHECK(c.invariant.value == nearly(0.75));
  // Equally good bits: where they differ ERM has no opinion.
  const auto tie = synthetic_world("two_bit", {{"betas", Value::List{0.05, 0.15}}});
  CHECK(tie->ceilings(tie->at(0.5)).population_erm->value == nearly(0.7));
}

// Nagarajan, Andreassen, Neyshabur 2020: on separable data the reliance b/a on a cue that agrees
// with probability p fades like 1 / log t under gradient flow on the exponential loss.
TEST_CASE("gradient flow on four points lets go of the cue as slowly as its equation says") {
  const std::map<double, std::vector<double>> ratios = {
      {0.75, {0.387, 0.215, 0.121, 0.081, 0.061}}, {0.99, {0.964, 0.887, 0.656, 0.427, 0.302}}};
  for (const auto& [p, expected] : ratios) {
    CAPTURE(p);
    const auto slope = [share = p](double a, double b) {
      const double agree = share * std::exp(-(a + b));
      const double differ = (1.0 - share) * std::exp(-(a - b));
      return std::pair(agree + differ, agree - differ);
    };
    double a = 0.0;
    double b = 0.0;
    double time = 0.0;
    double until = 1.0;
    for (const double ratio : expected) {
      while (time < until) {
        // Runge and Kutta's step, longer as the flow slows down.
        const double step = std::min(0.01 * (1.0 + time), until - time);
        const auto [a1, b1] = slope(a, b);
        const auto [a2, b2] = slope(a + step / 2 * a1, b + step / 2 * b1);
        const auto [a3, b3] = slope(a + step / 2 * a2, b + step / 2 * b2);
        const auto [a4, b4] = slope(a + step * a3, b + step * b3);
        a += step / 6 * (a1 + 2 * a2 + 2 * a3 + a4);
        b += step / 6 * (b1 + 2 * b2 + 2 * b3 + b4);
        time += step;
      }
      CHECK(b / a == Approx(ratio).margin(0.0006));
      until *= 10.0;
    }
    CHECK(b < 0.5 * std::log(p / (1.0 - p)));
  }
  // Of the logistic loss, whose tail is the same: two_bit without noise on the first bit.
  const TwoBitExact world({{0.0, 0.25}});
  double last = 1.0;
  for (const std::int64_t steps : {10, 100, 1000, 10000}) {
    const TwoBitLogits f = world.descended({steps, 0.5, 0.0});
    const double ratio = (f[0] - f[1]) / (f[0] + f[1]);
    CHECK(ratio < last);
    CHECK(ratio > 0.02);
    last = ratio;
  }
}

TEST_CASE("theory of two_bit is where gradient descent on the population leads") {
  const auto world = synthetic_world("two_bit");
  std::vector<Domain> domains = world->train_domains();
  domains.push_back(world->test_domain());
  TheoryRequest request;
  request.fit = {KnownFit::Kind::gradient_descent, 0.0};
  request.rows = 100000;
  request.steps = 20000;
  request.learning_rate = 1.0;
  const auto theory = world->theory(request, domains);
  REQUIRE(theory.has_value());
  for (std::size_t d = 0; d < domains.size(); ++d) {
    CHECK(theory->scores[d].value ==
          Approx(world->ceilings(domains[d]).population_erm->value).margin(1e-9));
    CHECK(theory->scores[d].error == 0.0);
  }
  // A few rows may be drawn so that the other bit wins.
  request.rows = 20;
  CHECK(world->theory(request, domains)->scores[2].error > 0.1);
  request.fit.kind = KnownFit::Kind::ridge;
  CHECK_FALSE(world->theory(request, domains).has_value());
}

}  // namespace
}  // namespace spurion
