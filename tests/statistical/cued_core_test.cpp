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

constexpr std::int64_t kCuedRows = 100000;
constexpr std::int64_t kCoreDimensions = 5;
constexpr double kSeparation = 0.6;
constexpr double kLabelNoise = 0.05;

/// P(core | y) up to a factor that y does not change, from the densities of its coordinates.
Tensor core_likelihood(const Sample& sample, double y) {
  const Tensor core = sample.x.narrow(1, 0, kCoreDimensions).to(at::kDouble);
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

Tensor hits_of(const Sample& sample, const Likelihood& likelihood) {
  return hits(likelihood(1.0) - likelihood(-1.0), sample.y);
}

void check_ceilings(const char* name, const Value::Table& options, bool absent_when_neutral,
                    double class_share = 0.5) {
  const auto world = synthetic_world(name, options, 3);
  for (const Domain& domain : domains_of(*world, {0.0, 0.3, 0.5, 1.0})) {
    INFO(name << " " << domain.name);
    const Sample test = world->sample(domain, Split::test, {0, kCuedRows});
    const Ceilings ceilings = world->ceilings(domain);
    const auto here = [&](double y) {
      return cue_likelihood(test, domain.cue_shifts, y, absent_when_neutral);
    };
    const auto in_training = [&](double y) {
      Tensor sum = at::zeros({kCuedRows}, at::kDouble);
      for (const Domain& train : world->train_domains()) {
        sum += cue_likelihood(test, train.cue_shifts, y, absent_when_neutral);
      }
      return sum;
    };
    const auto core = [&](double y) {
      return core_likelihood(test, y) * (y > 0 ? class_share : 1.0 - class_share);
    };
    const auto cues_alone = [&](double y) {
      return in_training(y) * (y > 0 ? class_share : 1.0 - class_share);
    };
    CHECK(estimate(hits_of(test, [&](double y) {
            return here(y) * core(y);
          })).agrees(ceilings.bayes));
    CHECK(estimate(hits_of(test, core)).agrees(ceilings.invariant));
    CHECK(estimate(hits_of(test, cues_alone)).agrees(ceilings.spurious_only));
    if (ceilings.population_erm) {
      CHECK(estimate(hits_of(test, [&](double y) {
              return in_training(y) * core(y);
            })).agrees(*ceilings.population_erm));
    }
  }
}

TEST_CASE("Sampled accuracies of two_shortcuts agree with every ceiling") {
  check_ceilings("two_shortcuts", {}, false);
  check_ceilings("two_shortcuts", {{"class_share", 0.8}}, false, 0.8);
}

TEST_CASE("Sampled accuracies of continually_confounded agree with every ceiling") {
  check_ceilings("continually_confounded", {{"disagreement", 0.1}}, true);
  check_ceilings("continually_confounded", {{"disagreement", 0.1}, {"variant", "strict"}}, false);
  check_ceilings("continually_confounded", {}, true);
}

}  // namespace
}  // namespace spurion
