// Methods against inputs that show what the learner did before, worked out again in float64.
#include <ATen/ATen.h>
#include <torch/csrc/autograd/autograd.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "catch.hpp"
#include "spurion/error.hpp"
#include "unit/methods/staged.hpp"

using namespace spurion;
using method_tests::Staged;
using method_tests::ToyShape;

namespace {

/// The one input that the cue changes.
std::int64_t cue_of(const ToyShape& shape) {
  return conformance::toy_context(shape, 1).cue_inputs[0].nonzero().item<std::int64_t>();
}

/// A perceptron of one hidden layer: rows [B, inputs] under parameters [Q].
Tensor perceptron(const Tensor& parameters, const Tensor& rows, std::int64_t width,
                  std::int64_t outputs) {
  const std::int64_t inputs = rows.size(1);
  std::int64_t at = 0;
  const auto next = [&](std::int64_t count) {
    at += count;
    return parameters.narrow(0, at - count, count);
  };
  const Tensor first = next(inputs * width).reshape({inputs, width});
  const Tensor hidden = at::relu(rows.matmul(first) + next(width));
  const Tensor second = next(width * outputs).reshape({width, outputs});
  return hidden.matmul(second) + next(outputs);
}

}  // namespace

TEST_CASE("previous_action_dropout hides the inputs of the cue in some rows") {
  for (const double probability : {0.5, 1.0}) {
    CAPTURE(probability);
    Staged s("previous_action_dropout", Value::Table{{"probability", probability}}, 4);
    for (std::int64_t step = 0; step < 2; ++step) {
      const Tensor before = s.now();
      Batch seen = s.step(step);
      seen.x = seen.x.clone();
      const RandomStream stream(RandomKey(31).child("dropout"));
      for (std::int64_t i = 0; i < seen.x.size(1); ++i) {
        if (stream.uniform(step, i) < probability) seen.x[0][i][cue_of(s.shape)] = 0.0;
      }
      CHECK(at::allclose(before - s.now(), Staged::gradient(before, seen), 1e-4, 1e-6));
    }
  }
}

TEST_CASE("the discriminator of copycat_removal learns the cue from features and action") {
  for (const bool sees : {true, false}) {
    CAPTURE(sees);
    Staged s("copycat_removal",
             Value::Table{{"discriminator_width", std::int64_t{3}}, {"sees_action", sees}}, 4);
    // Features of a linear model are its inputs: the discriminator cannot move it, only learn.
    const Tensor before = s.now();
    const Tensor own = s.trainer->own("discriminator").detach()[0].to(at::kDouble);
    const Batch batch = s.step(0);
    CHECK(at::allclose(before - s.now(), Staged::gradient(before, batch), 1e-4, 1e-6));
    const Tensor rows = batch.x[0].to(at::kDouble);
    const Tensor action =
        at::stack({batch.y[0].flatten().eq(0), batch.y[0].flatten().eq(1)}, 1).to(at::kDouble);
    const Tensor leaf = own.clone().requires_grad_(true);
    const Tensor guess = perceptron(leaf, sees ? at::cat({rows, action}, 1) : rows, 3, 5);
    const std::int64_t cue = cue_of(s.shape);
    const Tensor loss = (guess.select(1, cue) - rows.select(1, cue)).pow(2).mean();
    const Tensor g = torch::autograd::grad({loss}, {leaf})[0];
    const Tensor moved = s.trainer->own("discriminator").detach()[0].to(at::kDouble) - own;
    // The first step of Adam is its rate against the sign of the gradient.
    CHECK(at::allclose(moved, -2e-4 * g / (g.abs() + 1e-8), 1e-2, 1e-7));
  }
}

TEST_CASE("the model of copycat_removal gains by the error of its discriminator") {
  const Catalog catalog = builtin_catalog();
  ToyShape shape;
  const auto model = conformance::toy_model(catalog, "mlp", shape);
  const auto& entry = catalog.methods.at("copycat_removal");
  Problems problems;
  const Value options = entry.schema.normalise(
      Value::Table{{"discriminator_width", std::int64_t{4}}, {"penalty_weight", 0.7}}, "c",
      problems);
  problems.raise();
  MethodContext context = conformance::toy_context(shape, 1);
  context.keys = {RandomKey(5)};
  const auto method = entry.make({options}, context);
  OptimizerOptions sgd;
  sgd.name = "sgd";
  sgd.learning_rate = 1.0;
  ReplicaTrainer trainer(*model, conformance::toy_parameters(*model, 1), sgd);
  trainer.add_blocks(method->own_blocks(*model));
  const Batch batch = conformance::toy_batch(shape, 1, 0);
  const Tensor before = trainer.parameters().detach().clone();
  method->step(trainer, batch);
  const Tensor leaf = before.clone().requires_grad_(true);
  const Output output = model->forward_differentiable(leaf, batch.x);
  const Tensor action =
      at::stack({batch.y[0].flatten().eq(0), batch.y[0].flatten().eq(1)}, 1).to(at::kFloat);
  // The discriminator was updated first.
  const Tensor guess = perceptron(trainer.own("discriminator").detach()[0],
                                  at::cat({output.features[0], action}, 1), 4, 5);
  const std::int64_t cue = cue_of(shape);
  const Tensor error = (guess.select(1, cue) - batch.x[0].select(1, cue)).pow(2).mean();
  const Tensor loss = domain_risks(output, batch).mean() - 0.7 * error;
  const Tensor g = torch::autograd::grad({loss}, {leaf})[0];
  CHECK(at::allclose(before - trainer.parameters().detach(), g, 1e-3, 1e-5));
}

TEST_CASE("keyframe_weighting upweights the rows that the cue predicts worst") {
  Staged s("keyframe_weighting",
           Value::Table{{"keyframe_weight", 4.0}, {"habit_updates", std::int64_t{12}}}, 4);
  const Tensor start = s.trainer->own("habit").detach().clone();
  const Tensor before = s.now();
  const Batch batch = s.step(0);
  const Tensor habit = s.trainer->own("habit").detach()[0].to(at::kDouble);
  CHECK_FALSE(at::equal(start[0].to(at::kDouble), habit));
  const std::int64_t cue = cue_of(s.shape);
  std::vector<double> losses(static_cast<std::size_t>(s.rows->size()));
  for (std::int64_t p = 0; p < s.rows->parts(); ++p) {
    const Batch part = s.rows->part(p);
    Tensor rows = at::zeros_like(part.x[0], at::kDouble);
    rows.select(1, cue).copy_(part.x[0].select(1, cue));
    const Tensor each =
        at::binary_cross_entropy_with_logits(perceptron(habit, rows, 300, 1).select(1, 0),
                                             part.y[0].flatten().to(at::kDouble), {}, {}, 0);
    const Tensor number = part.number[0].flatten();
    for (std::int64_t i = 0; i < each.size(0); ++i) {
      losses[static_cast<std::size_t>(number[i].item<std::int64_t>())] = each[i].item<double>();
    }
  }
  // A tenth of 66 rows.
  REQUIRE(losses.size() == 66);
  std::vector<double> sorted = losses;
  std::sort(sorted.rbegin(), sorted.rend());
  REQUIRE(sorted[6] - sorted[7] > 1e-5);
  Tensor weight = at::ones({22}, at::kDouble);
  const Tensor number = batch.number[0].flatten();
  for (std::int64_t i = 0; i < 22; ++i) {
    const auto row = static_cast<std::size_t>(number[i].item<std::int64_t>());
    if (losses[row] >= sorted[6]) weight[i] = 4.0;
  }
  CHECK(weight.sum().item<double>() > 22.0);
  CHECK(at::allclose(before - s.now(), Staged::gradient(before, batch, weight), 1e-4, 1e-6));
}
