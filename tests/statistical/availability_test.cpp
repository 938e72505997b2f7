// Hermann et al. 2024, "On the foundations of shortcut learning": ceilings and the best predictor's
// reliance against sampling, and the paper's claims about trained models. Fixed seeds.
#include <ATen/ATen.h>

#include <cmath>
#include <string>
#include <vector>

#include "catch.hpp"
#include "environments/availability/gaussian_pair.hpp"
#include "environments/shared/numerics/normal.hpp"
#include "statistical/estimates.hpp"
#include "statistical/trained_means.hpp"
#include "unit/environments/synthetic_worlds.hpp"

namespace spurion {
namespace {

using environments::normal_quantile;
using tests::estimate;
using tests::synthetic_world;

constexpr std::int64_t kLatentRows = 100000;
constexpr double kCorePredictivity = 0.85;

/// Density of a latent given y, up to a factor that y does not change, from its predictivity.
Tensor density(const Tensor& latent, double predictivity, double y) {
  return (latent - y * normal_quantile(predictivity)).pow(2).mul(-0.5).exp();
}

TEST_CASE("Sampled accuracies of availability agree with every ceiling") {
  for (const std::vector<double>& train :
       {std::vector<double>{0.2}, std::vector<double>{0.1, 0.4}, std::vector<double>{0.9}}) {
    const auto world = synthetic_world("availability",
                                       {{"train_shifts", Value::List(train.begin(), train.end())},
                                        {"core_predictivity", kCorePredictivity}},
                                       5);
    std::vector<Domain> domains = world->train_domains();
    domains.push_back(world->test_domain());
    for (const double shift : {0.01, 0.3, 0.5, 0.99}) domains.push_back(world->at(shift));
    for (const Domain& domain : domains) {
      CAPTURE(domain.name, train.front());
      const Sample rows = world->sample(domain, Split::test, {0, kLatentRows});
      const Ceilings ceilings = world->ceilings(domain);
      const Tensor core = rows.causal.select(1, 0).to(at::kDouble);
      const Tensor shortcut = rows.spurious.select(1, 0).to(at::kDouble);
      const auto of_core = [&](double y) { return density(core, kCorePredictivity, y); };
      const auto here = [&](double y) { return density(shortcut, 1 - domain.shift, y); };
      const auto in_training_at = [&](const Tensor& value, double y) {
        Tensor sum = at::zeros_like(value);
        for (const double shift : train) sum += density(value, 1 - shift, y);
        return sum;
      };
      const auto in_training = [&](double y) { return in_training_at(shortcut, y); };
      const auto hits = [&](auto likelihood) {
        return estimate(
            (likelihood(1.0) - likelihood(-1.0)).gt(0).eq(rows.y.eq(1)).to(at::kDouble));
      };
      CHECK(hits([&](double y) { return here(y) * of_core(y); }).agrees(ceilings.bayes));
      CHECK(hits(of_core).agrees(ceilings.invariant));
      CHECK(hits(in_training).agrees(ceilings.spurious_only));
      CHECK(hits([&](double y) {
              return in_training(y) * of_core(y);
            }).agrees(*ceilings.population_erm));

      // The best predictor of the train domains, on twins with the shortcut mirrored.
      const auto answer = [&](const Tensor& seen) {
        return (in_training_at(seen, 1.0) * of_core(1.0) -
                in_training_at(seen, -1.0) * of_core(-1.0))
            .gt(0);
      };
      CHECK(estimate(answer(shortcut).ne(answer(-shortcut)).to(at::kDouble))
                .agrees(world->optimal_flip_rate(domain).value()));
    }
  }
}

TEST_CASE(
    "a hidden layer's bias rises with the shortcut's availability, a linear model's does not") {
  // Few rows, fitted until nothing changes: what is left is what the model prefers among the
  // functions that fit. The core predicts better (.9 against .8) throughout.
  const auto bias = tests::trained(R"(
name = "s"
seeds = 24
[defaults]
environment = { name = "availability", core_predictivity = 0.9, train_shifts = [0.2] }
method = { name = "erm" }
regime = { name = "offline" }
optimizer = { name = "adam", learning_rate = 0.01 }
training = { steps = 2000, rows = 50, batch = 0 }
evaluation = { rows = 2000, training_rows = 0 }
[[experiment]]
name = "e"
[experiment.grid]
"environment.shortcut_amplification" = [1, 8, 64]
model = [{ name = "linear" }, { name = "mlp", depth = 1, width = 64 }]
)",
                                   "shortcut_amplification", "shortcut_bias");
  const auto change = [&](const std::string& model, double from, double to) {
    return tests::Paired(bias.at({model, to}), bias.at({model, from}));
  };
  // Seen: mlp -.070, -.014, .037 at 1, 8, 64; linear .039, .040, .040.
  const tests::Paired all = change("mlp", 1.0, 64.0);
  CAPTURE(all.mean, all.standard_error);
  CHECK(all.mean > 3.0 * all.standard_error);
  CHECK(all.mean > 0.04);
  CHECK(change("mlp", 1.0, 8.0).mean > 0.0);
  CHECK(change("mlp", 8.0, 64.0).mean > 0.0);
  const tests::Paired linear = change("linear", 1.0, 64.0);
  CAPTURE(linear.mean);
  CHECK(std::abs(linear.mean) < 0.01);
}

}  // namespace
}  // namespace spurion
