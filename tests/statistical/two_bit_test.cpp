#include <ATen/ATen.h>

#include <cmath>
#include <vector>

#include "catch.hpp"
#include "environments/two_bit/two_bit_exact.hpp"
#include "spurion/catalog.hpp"
#include "statistical/estimates.hpp"
#include "statistical/samples.hpp"
#include "unit/environments/synthetic_worlds.hpp"

namespace spurion {
namespace {

using environments::TwoBitDomain;
using environments::TwoBitExact;
using environments::TwoBitLogits;
using environments::TwoBitLoss;
using tests::estimate;
using tests::synthetic_world;
using tests::train_samples;

constexpr std::int64_t kTwoBitRows = 200000;
constexpr double kAlpha = 0.1;

/// Index of each row's input in a `TwoBitLogits`, [B].
Tensor inputs(const Sample& sample) {
  return (sample.x.select(1, 0).lt(0).to(at::kLong) * 2 +
          sample.x.select(1, 1).lt(0).to(at::kLong));
}

/// Sum of y = -1 or +1 over the rows of each input: its sign is the best guess there.
Tensor balance(const std::vector<Sample>& samples) {
  Tensor total = at::zeros({4}, at::kDouble);
  for (const Sample& sample : samples) {
    total.index_add_(0, inputs(sample), (2 * sample.y - 1).to(at::kDouble));
  }
  return total;
}

Tensor right_answers(const Sample& sample, const Tensor& guess) {
  return guess.index_select(0, inputs(sample)).gt(0).eq(sample.y.eq(1));
}

TEST_CASE("Sampled accuracies of two_bit agree with every ceiling") {
  const auto world = synthetic_world("two_bit", {}, 1);
  const std::vector<Sample> train = train_samples(*world, kTwoBitRows);
  const Tensor first = at::tensor({1.0, 1.0, -1.0, -1.0}, at::kDouble);
  const Tensor second = at::tensor({1.0, -1.0, 1.0, -1.0}, at::kDouble);
  std::vector<Domain> domains = world->train_domains();
  domains.push_back(world->test_domain());
  for (const double beta : {0.0, 0.05, 0.3, 0.5, 0.8, 1.0}) domains.push_back(world->at(beta));
  for (const Domain& domain : domains) {
    INFO(domain.name);
    const Sample test = world->sample(domain, Split::test, {0, kTwoBitRows});
    const Ceilings c = world->ceilings(domain);
    const Tensor own = balance({world->sample(domain, Split::train, {0, kTwoBitRows})});
    CHECK(estimate(right_answers(test, own)).agrees(c.bayes));
    CHECK(estimate(right_answers(test, first)).agrees(c.invariant));
    CHECK(estimate(right_answers(test, second)).agrees(c.spurious_only));
    CHECK(estimate(right_answers(test, balance(train))).agrees(*c.population_erm));
    CHECK(estimate(test.y).agrees(c.chance));
  }
}

TEST_CASE("Sampled risks and penalties of two_bit agree with the exact ones") {
  const auto world = synthetic_world("two_bit", {}, 2);
  const TwoBitLogits table = {1.5, 0.25, -0.75, -2.0};
  const Tensor f_of = at::tensor({1.5, 0.25, -0.75, -2.0}, at::kDouble);
  for (const double beta : {0.11, 0.4, 0.9}) {
    const Sample sample = world->sample(world->at(beta), Split::train, {0, kTwoBitRows});
    const Tensor f = f_of.index_select(0, inputs(sample));
    const Tensor y = (2 * sample.y - 1).to(at::kDouble);
    const TwoBitDomain domain{kAlpha, beta};
    CHECK(estimate(at::softplus(-y * f))
              .agrees(TwoBitExact::risk(domain, table, TwoBitLoss::logistic)));
    CHECK(estimate(-y * f * at::sigmoid(-y * f))
              .agrees(TwoBitExact::scale_gradient(domain, table, TwoBitLoss::logistic)));
    CHECK(estimate((f - y).pow(2)).agrees(TwoBitExact::risk(domain, table, TwoBitLoss::squared)));
    CHECK(estimate(2 * f * (f - y))
              .agrees(TwoBitExact::scale_gradient(domain, table, TwoBitLoss::squared)));
  }
}

TEST_CASE("The dial curve of two_bit from twins agrees with sampling at five points") {
  const auto world = synthetic_world("two_bit", {}, 3);
  const Tensor guess = at::tensor({1.0, -0.5, 0.5, 1.0}, at::kDouble);  // right in no pattern
  const auto right = [&](double beta, const Intervention& intervention) {
    const Sample sample =
        world->sample(world->at(beta), Split::test, {0, kTwoBitRows}, intervention);
    return right_answers(sample, guess).to(at::kDouble);
  };
  const ShiftAxis::Mixture mixture = *world->info().shift_axis.mixture;
  const Tensor zero = right(0.3, mixture.at_zero);
  const Tensor one = right(0.3, mixture.at_one);
  for (const double beta : {0.0, 0.25, 0.5, 0.75, 1.0}) {
    const Tensor curve = (1 - beta) * zero + beta * one;
    CHECK(estimate(right(beta, Intervention::none()) - curve).agrees(0.0, 1e-9));
  }
}

/// All eight cells of each domain as the rows of one minibatch, weighted by their probabilities: a
/// step on them is a step on the population.
Batch population(const std::vector<TwoBitDomain>& domains) {
  constexpr std::int64_t kCells = 8;
  const auto count = static_cast<std::int64_t>(domains.size());
  std::vector<float> x;
  std::vector<float> y;
  std::vector<float> weight;
  for (const TwoBitDomain& domain : domains) {
    for (int input = 0; input < TwoBitExact::kInputs; ++input) {
      for (const int label : {-1, 1}) {
        x.push_back(static_cast<float>(TwoBitExact::first_bit(input)));
        x.push_back(static_cast<float>(TwoBitExact::second_bit(input)));
        y.push_back(static_cast<float>(label));
        weight.push_back(static_cast<float>(kCells) *
                         static_cast<float>(TwoBitExact::probability(domain, input, label)));
      }
    }
  }
  Batch batch;
  batch.x = at::tensor(x).reshape({1, count * kCells, 2});
  batch.y = at::tensor(y).reshape({1, count, kCells});
  batch.weight = at::tensor(weight).reshape({1, count, kCells});
  batch.domains = count;
  batch.rows_per_domain = kCells;
  batch.task = Task::regression;
  return batch;
}

/// What a linear model without a bias gives at the four inputs after training on the
/// population with squared loss.
TwoBitLogits trained(const std::string& method, const Value& options,
                     const std::vector<TwoBitDomain>& domains) {
  const Catalog catalog = builtin_catalog();
  Problems problems;
  const auto& linear = catalog.models.at("linear");
  const auto model = linear.make(
      {linear.schema.normalise(Value::Table{{"initialisation", "zeros"}}, "linear", problems)},
      ModelContext{{2}, 1});
  OptimizerOptions adam;
  adam.name = "adam";
  adam.learning_rate = 0.01;
  ReplicaTrainer trainer(*model, at::zeros({1, model->parameter_count()}), adam);
  // Odd predictors lose nothing. The gradient by the bias is 0 but for rounding, which Adam would
  // follow.
  trainer.train_only(at::tensor({1, 1, 0}).to(at::kBool));
  const auto& entry = catalog.methods.at(method);
  MethodContext context{
      Task::regression, 1, static_cast<std::int64_t>(domains.size()), 0, {RandomKey(1)}};
  const auto made = entry.make({entry.schema.normalise(options, method, problems)}, context);
  problems.raise();
  const Batch batch = population(domains);
  for (int step = 0; step < 2500; ++step) made->step(trainer, batch);
  const Tensor x = at::tensor({1.0F, 1.0F, 1.0F, -1.0F, -1.0F, 1.0F, -1.0F, -1.0F});
  const Tensor f = trainer.forward(x.reshape({1, 4, 2})).logits.flatten().to(at::kDouble);
  TwoBitLogits out{};
  for (std::size_t i = 0; i < out.size(); ++i) {
    out[i] = f[static_cast<std::int64_t>(i)].item<double>();
  }
  return out;
}

TEST_CASE("irm_v1 with squared loss ends at the zero of its penalty that uses the cue") {
  const std::vector<TwoBitDomain> train = {{kAlpha, 0.11}, {kAlpha, 0.4}};
  const TwoBitExact exact(train);
  const TwoBitLogits theory = exact.irm_minimiser(1e4, TwoBitLoss::squared);
  const TwoBitLogits found = trained(
      "irm_v1", Value::Table{{"penalty_weight", 1e4}, {"anneal_steps", std::int64_t{300}}}, train);
  for (std::size_t i = 0; i < found.size(); ++i) CHECK(found[i] == Approx(theory[i]).margin(0.02));
  CHECK(exact.irm_penalty(found, TwoBitLoss::squared) < 1e-4);
  // The predictor that ignores x2 is a zero of the penalty too. Away from the train domains it is
  // twice as good, but on them it is worse, so the objective prefers the other.
  const TwoBitLogits invariant = TwoBitExact::invariant(kAlpha, TwoBitLoss::squared);
  const TwoBitDomain test{kAlpha, 0.9};
  CHECK(exact.irm_penalty(invariant, TwoBitLoss::squared) < 1e-12);
  CHECK(exact.mean_risk(found, TwoBitLoss::squared) <
        exact.mean_risk(invariant, TwoBitLoss::squared));
  CHECK(TwoBitExact::risk(test, invariant, TwoBitLoss::squared) == Approx(0.36));
  CHECK(TwoBitExact::risk(test, found, TwoBitLoss::squared) == Approx(0.765).margin(0.02));
}

}  // namespace
}  // namespace spurion
