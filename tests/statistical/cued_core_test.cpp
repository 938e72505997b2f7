#include <ATen/ATen.h>

#include <cmath>
#include <functional>
#include <vector>

#include "catch.hpp"
#include "statistical/estimates.hpp"
#include "unit/environments/synthetic_worlds.hpp"

namespace spurion {
namespace {

using tests::estimate;
using tests::synthetic_world;

constexpr std::int64_t kRows = 100000;
constexpr double kCore = 5.0;
constexpr double kSeparation = 0.6;
constexpr double kLabelNoise = 0.05;

/// P(core | y) up to a factor that y does not change, from the densities of its coordinates.
Tensor core_likelihood(const Sample& sample, double y) {
  const Tensor core = sample.x.narrow(1, 0, static_cast<std::int64_t>(kCore)).to(at::kDouble);
  const auto density = [&](double object) {
    return (core - kSeparation * object).pow(2).sum(1).mul(-0.5).exp();
  };
  return density(y) * (1.0 - kLabelNoise) + density(-y) * kLabelNoise;
}

/// P(cues | y) in a domain; a cue at 0 is absent and says nothing.
Tensor cue_likelihood(const Sample& sample, const std::vector<double>& shifts, double y,
                      bool absent_when_neutral) {
  Tensor product = at::ones({sample.x.size(0)}, at::kDouble);
  for (std::size_t c = 0; c < shifts.size(); ++c) {
    const Tensor cue = sample.spurious.select(1, static_cast<std::int64_t>(c)).to(at::kDouble);
    const Tensor two_valued =
        at::where(cue.eq(y), at::full_like(cue, 1.0 - shifts[c]), at::full_like(cue, shifts[c]));
    const bool absent = absent_when_neutral && shifts[c] == 0.5;
    product = product * at::where(cue.eq(0.0), at::full_like(cue, absent ? 1.0 : 0.0),
                                  absent ? at::zeros_like(cue) : two_valued);
  }
  return product;
}

using Likelihood = std::function<Tensor(double y)>;

/// 1 for a right guess, 1/2 where the likelihoods say nothing.
Tensor hits(const Sample& sample, const Likelihood& likelihood) {
  const Tensor lead = likelihood(1.0) - likelihood(-1.0);
  const Tensor right = lead.gt(0).eq(sample.y.eq(1)).to(at::kDouble);
  return at::where(lead.eq(0), at::full_like(right, 0.5), right);
}

void check_ceilings(const char* name, const Value::Table& options, bool absent_when_neutral) {
  const auto world = synthetic_world(name, options, 3);
  std::vector<Domain> domains = world->train_domains();
  domains.push_back(world->test_domain());
  for (const double shift : {0.0, 0.3, 0.5, 1.0}) domains.push_back(world->at(shift));
  for (const Domain& domain : domains) {
    INFO(name << " " << domain.name);
    const Sample test = world->sample(domain, Purpose::test, {0, kRows});
    const Ceilings ceilings = world->ceilings(domain);
    const auto here = [&](double y) {
      return cue_likelihood(test, domain.cue_shifts, y, absent_when_neutral);
    };
    const auto taught = [&](double y) {
      Tensor sum = at::zeros({kRows}, at::kDouble);
      for (const Domain& train : world->train_domains()) {
        sum += cue_likelihood(test, train.cue_shifts, y, absent_when_neutral);
      }
      return sum;
    };
    const auto core = [&](double y) { return core_likelihood(test, y); };
    CHECK(estimate(hits(test, [&](double y) { return here(y) * core(y); })).agrees(ceilings.bayes));
    CHECK(estimate(hits(test, core)).agrees(ceilings.invariant));
    CHECK(estimate(hits(test, taught)).agrees(ceilings.spurious_only));
    if (ceilings.population_erm) {
      CHECK(estimate(hits(test, [&](double y) {
              return taught(y) * core(y);
            })).agrees(*ceilings.population_erm));
    }
  }
}

TEST_CASE("Sampled accuracies of two_shortcuts agree with every ceiling") {
  check_ceilings("two_shortcuts", {}, false);
}

TEST_CASE("Sampled accuracies of continually_confounded agree with every ceiling") {
  check_ceilings("continually_confounded", {{"disagreement", 0.1}}, true);
  check_ceilings("continually_confounded", {{"disagreement", 0.1}, {"variant", "strict"}}, false);
  check_ceilings("continually_confounded", {}, true);
}

}  // namespace
}  // namespace spurion
