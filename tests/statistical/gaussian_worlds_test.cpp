// Ceilings of the Gaussian worlds against the accuracy of rules built from densities, on 100,000
// sampled rows, four standard errors.
#include <ATen/ATen.h>

#include <cmath>
#include <functional>
#include <vector>

#include "catch.hpp"
#include "statistical/estimates.hpp"
#include "statistical/samples.hpp"
#include "unit/environments/synthetic_worlds.hpp"

namespace spurion {
namespace {

using tests::domains_of;
using tests::estimate;
using tests::hits;
using tests::synthetic_world;

constexpr std::int64_t kGaussianRows = 100000;

Tensor doubles(const Tensor& column) { return column.select(1, 0).to(at::kDouble); }
/// log density of N(mean, 1), up to a constant.
Tensor log_gaussian(const Tensor& at, double mean) { return (at - mean).pow(2).mul(-0.5); }
Tensor hits_on(const Sample& rows, const Tensor& lead) { return hits(lead, rows.y); }

/// Train and test domains and points from one end of the shift to the other.
std::vector<Domain> domains_along(const Environment& world) {
  const auto& points = world.info().shift_axis.points;
  return domains_of(world, {points[0], points[3], points[5], points[10]});
}

/// log P(y, x) of a domain's rows, of all they show or of the cue alone.
using LogJoint = std::function<Tensor(const Sample&, const Domain&, int y, bool core)>;

void check_world(const char* name, const Value::Table& options, const LogJoint& log_joint) {
  const auto world = synthetic_world(name, options, 3);
  for (const Domain& domain : domains_along(*world)) {
    INFO(name << " " << domain.name);
    const Sample rows = world->sample(domain, Split::test, {0, kGaussianRows});
    const Ceilings ceilings = world->ceilings(domain);
    const auto lead = [&](bool core) {
      return log_joint(rows, domain, 1, core) - log_joint(rows, domain, -1, core);
    };
    const auto in_training = [&](bool core) {
      Tensor difference = at::zeros({kGaussianRows}, at::kDouble);
      for (const Domain& train : world->train_domains()) {
        difference += log_joint(rows, train, 1, core).exp();
        difference -= log_joint(rows, train, -1, core).exp();
      }
      return difference;
    };
    CHECK(estimate(hits_on(rows, lead(true))).agrees(ceilings.bayes));
    CHECK(estimate(hits_on(rows, doubles(rows.causal))).agrees(ceilings.invariant));
    CHECK(estimate(hits_on(rows, in_training(false))).agrees(ceilings.spurious_only));
    REQUIRE(ceilings.population_erm.has_value());
    CHECK(estimate(hits_on(rows, in_training(true))).agrees(*ceilings.population_erm));
    const Tensor positive = rows.y.eq(1).to(at::kDouble);
    const Tensor constant =
        world->ceilings(domain).chance > 0.5 && positive.mean().item<double>() < 0.5
            ? 1.0 - positive
            : positive;
    CHECK(estimate(constant).agrees(ceilings.chance));
  }
}

TEST_CASE("Sampled accuracies of anti_causal agree with every ceiling") {
  const double distance = 0.45 * std::sqrt(5.0);
  for (const bool mechanism : {true, false}) {
    check_world("anti_causal", {{"shift", mechanism ? "mechanism" : "label"}},
                [&](const Sample& rows, const Domain& domain, int y, bool core) {
                  const double strength = mechanism ? domain.shift : 1.75;
                  const double prior = mechanism ? 0.5 : domain.shift;
                  Tensor sum = log_gaussian(doubles(rows.spurious), strength * y) +
                               std::log(y > 0 ? prior : 1.0 - prior);
                  if (core) sum = sum + log_gaussian(doubles(rows.causal), distance * y);
                  return sum;
                });
  }
}

TEST_CASE("Sampled accuracies of selection_bias agree with every ceiling") {
  const double distance = 0.45 * std::sqrt(5.0);
  check_world("selection_bias", {{"test_selection", -2.0}},
              [&](const Sample& rows, const Domain& domain, int y, bool core) {
                const Tensor t = doubles(rows.spurious);
                Tensor sum = log_gaussian(t, 0.0) + at::special_log_ndtr(t * (domain.shift * y));
                if (core) sum = sum + log_gaussian(doubles(rows.causal), distance * y);
                return sum;
              });
}

TEST_CASE("Sampled accuracies of easy_to_hard agree with every ceiling") {
  const double disagreement[] = {0.05, 0.7};
  check_world("easy_to_hard",
              {{"easy_disagreement", disagreement[0]},
               {"hard_disagreement", disagreement[1]},
               {"train_hard", Value::List{0.1, 0.3}}},
              [&](const Sample& rows, const Domain& domain, int y, bool core) {
                // Middles of 100 difficulties.
                Tensor sum = at::zeros({kGaussianRows}, at::kDouble);
                const Tensor agrees = doubles(rows.spurious).eq(y).to(at::kDouble);
                for (int step = 0; step < 100; ++step) {
                  const double difficulty = (step + 0.5) / 100.0;
                  const int hard = step < 50 ? 0 : 1;
                  const double share = hard == 1 ? domain.shift : 1.0 - domain.shift;
                  const double off = disagreement[hard];
                  const Tensor cue = agrees * (1.0 - off) + (1.0 - agrees) * off;
                  const double distance = 1.8 * (1.0 - difficulty) + 0.2 * difficulty;
                  Tensor term = cue * share;
                  if (core) term = term * log_gaussian(doubles(rows.causal), distance * y).exp();
                  sum += term;
                }
                return sum.log();
              });
}

/// Hidden confounding has no likelihood in closed form; P(label = 1 | what is seen) has.
TEST_CASE("Sampled accuracies of confounded agree with every ceiling") {
  constexpr double kCausal = 2.0;
  constexpr double kHidden = 3.0;
  for (const bool mechanism : {true, false}) {
    const auto world =
        synthetic_world("confounded", {{"shift", mechanism ? "mechanism" : "covariate"}}, 3);
    const auto correlation = [&](const Domain& d) { return mechanism ? d.shift : 0.875; };
    const auto mean = [&](const Domain& d) { return mechanism ? 0.0 : d.shift; };
    for (const Domain& domain : domains_along(*world)) {
      INFO(domain.name << " " << mechanism);
      const Sample rows = world->sample(domain, Split::test, {0, kGaussianRows});
      const Tensor u = doubles(rows.causal);
      const Tensor t = doubles(rows.spurious);
      // P(label = 1 | u, t): h given t is N(r t, 1 - r^2).
      const auto from_both = [&](const Domain& d) {
        const double r = correlation(d);
        return at::special_ndtr((u * kCausal + t * (kHidden * r)) /
                                std::sqrt(1.0 + kHidden * kHidden * (1.0 - r * r)));
      };
      const auto from_cue = [&](const Domain& d) {
        const double r = correlation(d);
        return at::special_ndtr(
            (t * (kHidden * r) + kCausal * mean(d)) /
            std::sqrt(1.0 + kCausal * kCausal + kHidden * kHidden * (1.0 - r * r)));
      };
      const auto in_training = [&](const auto& probability) {
        // Two train domains; the cue's density is the same in all, the core's is not: weigh by it.
        Tensor sum = at::zeros({kGaussianRows}, at::kDouble);
        for (const Domain& d : world->train_domains()) sum += probability(d) - 0.5;
        return sum;
      };
      const Ceilings ceilings = world->ceilings(domain);
      CHECK(estimate(hits_on(rows, from_both(domain) - 0.5)).agrees(ceilings.bayes));
      CHECK(estimate(hits_on(rows, u)).agrees(ceilings.invariant));
      CHECK(estimate(hits_on(rows, in_training(from_cue))).agrees(ceilings.spurious_only));
      REQUIRE(ceilings.population_erm.has_value());
      CHECK(estimate(hits_on(rows, in_training(from_both))).agrees(*ceilings.population_erm));
      const double positive = rows.y.to(at::kDouble).mean().item<double>();
      CHECK(std::abs(std::max(positive, 1.0 - positive) - ceilings.chance) < 0.01);
    }
  }
}

TEST_CASE("Sampled accuracies of the controls agree with every ceiling") {
  const double distance = 0.6 * std::sqrt(5.0);
  check_world("control_no_cue", {}, [&](const Sample& rows, const Domain&, int y, bool core) {
    Tensor sum = at::zeros({kGaussianRows}, at::kDouble);
    if (core) sum = sum + log_gaussian(doubles(rows.causal), distance * y);
    return sum;
  });
  const auto causal = synthetic_world("control_causal_cue", {}, 3);
  for (const Domain& domain : domains_along(*causal)) {
    INFO(domain.name);
    const Sample rows = causal->sample(domain, Split::test, {0, kGaussianRows});
    const Tensor cue = doubles(rows.spurious);
    const Tensor lead = doubles(rows.causal) * (2.0 * distance) + cue * std::log(0.85 / 0.15);
    const Ceilings ceilings = causal->ceilings(domain);
    CHECK(estimate(hits_on(rows, lead)).agrees(ceilings.bayes));
    CHECK(ceilings.invariant.value == ceilings.bayes.value);
    CHECK(estimate(hits_on(rows, cue)).agrees(ceilings.spurious_only));
  }
  const auto parity = synthetic_world("control_unlearnable", {}, 3);
  for (const Domain& domain : domains_along(*parity)) {
    INFO(domain.name);
    const Sample rows = parity->sample(domain, Split::test, {0, kGaussianRows});
    // The product of 24 bits is the label in every row.
    CHECK(hits_on(rows, rows.x.narrow(1, 0, 24).prod(1)).min().item<double>() == 1.0);
    CHECK(estimate(hits_on(rows, doubles(rows.spurious)))
              .agrees(parity->ceilings(domain).spurious_only));
  }
}

}  // namespace
}  // namespace spurion
