#include "spurion/own_block.hpp"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/autograd.h>

#include <cmath>

#include "catch.hpp"
#include "nouns/weighted_rows.hpp"
#include "spurion/catalog.hpp"
#include "spurion/error.hpp"
#include "spurion/row_tools.hpp"

using namespace spurion;

namespace {

constexpr std::int64_t kOwnReplicas = 3;

std::unique_ptr<Model> own_mlp() {
  const Catalog catalog = builtin_catalog();
  const auto& entry = catalog.models.at("mlp");
  Problems problems;
  const Value options =
      entry.schema.normalise(Value::Table{{"width", std::int64_t{6}}}, "mlp", problems);
  problems.raise();
  return entry.make({options}, ModelContext{{5}, 1});
}

MethodContext own_context(std::int64_t replicas = kOwnReplicas) {
  MethodContext context{Task::binary, replicas, 2, 0};
  for (std::int64_t k = 0; k < replicas; ++k) {
    context.keys.push_back(RandomKey(5).child(static_cast<std::uint64_t>(k)));
  }
  context.input_shape = {5};
  context.steps = 10;
  return context;
}

Batch own_batch(std::int64_t replicas = kOwnReplicas) {
  Batch batch;
  batch.domains = 2;
  batch.rows_per_domain = 4;
  batch.x = at::randn({replicas, 8, 5});
  batch.y = at::randint(0, 2, {replicas, 2, 4}, at::kLong);
  return batch;
}

}  // namespace

TEST_CASE("a perceptron on features learns, and the gradient reversal makes the model unlearn") {
  at::manual_seed(3);
  const auto model = own_mlp();
  const MethodContext context = own_context();
  const std::int64_t features = feature_count(*model, context);
  CHECK(features == 6);
  const OwnPerceptron adversary("adversary", {2, 1, 7});
  OptimizerOptions sgd;
  sgd.name = "sgd";
  sgd.learning_rate = 1.0;
  ReplicaTrainer trainer(*model, model->initialise(context.keys), sgd);
  trainer.add_blocks({adversary.block(features, context)});
  const Tensor own = trainer.own("adversary").detach().clone();
  const Tensor before = trainer.parameters().detach().clone();
  CHECK(own.sizes() == at::IntArrayRef{kOwnReplicas, 7 * 7 + 8 * 2});

  const Batch batch = own_batch();
  const Tensor domains = at::arange(2).repeat_interleave(4).unsqueeze(0);
  const auto loss_of = [&](const Tensor& rows) {
    return losses::row_loss(Task::multiclass, adversary(trainer, rows), domains).mean(1);
  };
  const Output output = trainer.forward(batch.x);
  const Tensor plain = loss_of(output.features);
  const auto expected = torch::autograd::grad(
      {plain}, {trainer.parameters(), trainer.own("adversary")}, {at::ones_like(plain)}, true);

  trainer.step_with_own(loss_of(reversed(output.features, 0.5)));
  CHECK(at::allclose(trainer.own("adversary").detach(), own - expected[1], 1e-5, 1e-6));
  CHECK(at::allclose(trainer.parameters().detach(), before + 0.5 * expected[0], 1e-5, 1e-6));
  CHECK(trainer.step() == 1);
  CHECK_THROWS_AS(trainer.own("another"), PluginError);
  CHECK_THROWS_AS(trainer.add_blocks({adversary.block(features, context)}), PluginError);
}

TEST_CASE("an own block is updated before the model, from the same graph, and is no step") {
  at::manual_seed(4);
  const auto model = own_mlp();
  const MethodContext context = own_context();
  ReplicaTrainer trainer(*model, model->initialise(context.keys), {});
  trainer.add_blocks({second_model("twin", *model, context)});
  CHECK_FALSE(at::equal(trainer.own("twin"), trainer.parameters()));
  const Batch batch = own_batch();
  const Tensor loss = row_mean(row_losses(trainer.forward(batch.x), batch), batch);
  const Tensor other =
      row_mean(row_losses(trainer.forward_at(trainer.own("twin"), batch.x), batch), batch);
  const Tensor joint = loss + other;
  const Tensor twin = trainer.own("twin").detach().clone();
  trainer.step_own("twin", joint);
  CHECK_FALSE(at::equal(trainer.own("twin").detach(), twin));
  CHECK(trainer.step() == 0);
  trainer.step_from_losses(joint);
  CHECK(trainer.step() == 1);
}

TEST_CASE("a replica whose own loss is not finite stops, and the others go on") {
  at::manual_seed(5);
  const auto model = own_mlp();
  const MethodContext context = own_context();
  ReplicaTrainer trainer(*model, model->initialise(context.keys), {});
  trainer.add_blocks({second_model("twin", *model, context)});
  const Tensor bad = at::tensor({1.0F, std::nanf(""), 1.0F});
  trainer.step_own("twin", trainer.own("twin").sum(1) * bad);
  CHECK(trainer.active()[0].item<bool>());
  CHECK_FALSE(trainer.active()[1].item<bool>());
  CHECK(at::isfinite(trainer.own("twin")).all().item<bool>());
}

TEST_CASE("an ensemble is the mean of probabilities or of logits") {
  const Tensor a = at::tensor({2.0F, -30.0F}).reshape({1, 2, 1});
  const Tensor b = at::tensor({-1.0F, -40.0F}).reshape({1, 2, 1});
  const Tensor joined = joined_logits({a, b}, Evaluated::Join::probabilities, Task::binary);
  const double p = (1.0 / (1.0 + std::exp(-2.0)) + 1.0 / (1.0 + std::exp(1.0))) / 2.0;
  CHECK(joined[0][0][0].item<double>() == Approx(std::log(p / (1.0 - p))).epsilon(1e-6));
  CHECK(joined[0][1][0].item<double>() == Approx(-30.0 - std::log(2.0)).margin(1e-3));
  CHECK(joined_logits({a, b}, Evaluated::Join::logits, Task::binary)[0][0][0].item<double>() ==
        Approx(0.5));
  at::manual_seed(6);
  const Tensor c = at::randn({2, 3, 4});
  const Tensor d = at::randn({2, 3, 4});
  const Tensor many = joined_logits({c, d}, Evaluated::Join::probabilities, Task::multiclass);
  CHECK(at::allclose(at::exp(many), (at::softmax(c, -1) + at::softmax(d, -1)) / 2, 1e-5, 1e-6));
  CHECK(at::equal(joined_logits({c, d}, Evaluated::Join::probabilities, Task::regression),
                  (c + d) / 2.0));
}

TEST_CASE("what is evaluated may be other parameters or another head") {
  at::manual_seed(7);
  const auto model = own_mlp();
  const MethodContext context = own_context();
  const ReplicaTrainer trainer(*model, model->initialise(context.keys), {});
  const Tensor x = at::randn({1, 9, 5});
  const at::NoGradGuard no_grad;
  const ReplicaRange last{1, 2};
  const Tensor own = trainer.parameters().detach() * 0.5;
  Evaluated evaluated;
  evaluated.members = {own};
  CHECK(at::equal(evaluated_logits(evaluated, trainer, last, x, Task::binary),
                  model->forward(own.narrow(0, 1, 2), x).logits));
  evaluated.members.clear();
  evaluated.head = [](const Output& output, ReplicaRange range) {
    return output.features.sum(2, true) * static_cast<double>(range.first);
  };
  CHECK(at::equal(evaluated_logits(evaluated, trainer, last, x, Task::binary),
                  model->forward(trainer.parameters().narrow(0, 1, 2), x).features.sum(2, true)));
  evaluated.head = [](const Output& output, ReplicaRange) { return output.features; };
  CHECK_THROWS_AS(evaluated_logits(evaluated, trainer, last, x, Task::binary), PluginError);
}

TEST_CASE("stages share out the steps, each replica by its own share") {
  const Stages stages({PerReplica<double>({0.0, 0.25, 1.0}), PerReplica<double>(0.5)},
                      own_context());
  CHECK(stages.count() == 3);
  CHECK(stages.first_step(1, 0) == 0);
  CHECK(stages.first_step(1, 1) == 3);
  CHECK(stages.first_step(2, 1) == 8);
  CHECK(stages.first_step(2, 2) == 10);
  CHECK(stages.stage(7, 0) == 2);
  CHECK(stages.stage(7, 1) == 1);
  CHECK(stages.stage(9, 2) == 0);
  CHECK(stages.any_begins(1, 3));
  CHECK_FALSE(stages.any_begins(1, 4));
  CHECK(at::equal(stages.begins(1, 3), at::tensor({0, 1, 0}).to(at::kBool)));
  CHECK(at::equal(stages.inside(2, 8), at::tensor({1, 1, 0}).to(at::kBool)));
}

TEST_CASE("only the parameters that may train move, also under weight decay") {
  at::manual_seed(8);
  const auto model = own_mlp();
  const MethodContext context = own_context();
  OptimizerOptions options;
  options.weight_decay = 0.1;
  ReplicaTrainer trainer(*model, model->initialise(context.keys), options);
  const Tensor before = trainer.parameters().detach().clone();
  const std::int64_t count = model->parameter_count();
  Tensor mask = at::zeros({kOwnReplicas, count}, at::kBool);
  mask.narrow(1, model->last_layer_offset(), count - model->last_layer_offset()).fill_(true);
  mask[2].fill_(true);
  trainer.train_only(mask);
  const Batch batch = own_batch();
  trainer.step_from_losses(row_mean(row_losses(trainer.forward(batch.x), batch), batch));
  const Tensor same = trainer.parameters().detach().eq(before);
  CHECK(same.narrow(1, 0, model->last_layer_offset()).narrow(0, 0, 2).all().item<bool>());
  CHECK_FALSE(same[2].narrow(0, 0, model->last_layer_offset()).all().item<bool>());
  CHECK_THROWS_AS(trainer.train_only(at::ones({2, count}, at::kBool)), PluginError);
}

TEST_CASE("gradients of the last layer by row are those of automatic differentiation") {
  at::manual_seed(9);
  for (const Task task : {Task::binary, Task::multiclass, Task::regression}) {
    const std::int64_t classes = task == Task::multiclass ? 3 : 1;
    Tensor weight = at::randn({4, classes}, at::kDouble).requires_grad_(true);
    Tensor bias = at::randn({classes}, at::kDouble).requires_grad_(true);
    Batch batch;
    batch.task = task;
    batch.rows_per_domain = 5;
    batch.y = task == Task::regression
                  ? at::randn({1, 1, 5}, at::kDouble)
                  : at::randint(0, std::max<std::int64_t>(classes, 2), {1, 1, 5}, at::kLong);
    Output output;
    output.features = at::randn({1, 5, 4}, at::kDouble);
    output.logits = output.features.matmul(weight) + bias;
    const Tensor rows = last_layer_gradients(output, batch);
    CHECK(rows.sizes() == at::IntArrayRef{1, 5, 5 * classes});
    for (std::int64_t i = 0; i < 5; ++i) {
      const auto expected =
          torch::autograd::grad({row_losses(output, batch)[0][0][i]}, {weight, bias}, {}, true);
      CHECK(at::allclose(rows[0][i], at::cat({expected[0].flatten(), expected[1]})));
    }
  }
}

TEST_CASE("input gradients are those of a linear model, and can be differentiated again") {
  const Catalog catalog = builtin_catalog();
  const auto& entry = catalog.models.at("linear");
  Problems problems;
  const auto model =
      entry.make({entry.schema.normalise(Value(), "linear", problems)}, ModelContext{{5}, 1});
  at::manual_seed(10);
  ReplicaTrainer trainer(*model, model->initialise(own_context().keys), {});
  trainer.use_second_order();
  const Batch batch = own_batch();
  const InputPass pass = input_pass(trainer, batch);
  const Tensor slopes = input_gradients(pass.output.logits, pass, true);
  const Tensor weight = trainer.parameters().narrow(1, 0, 5);
  CHECK(at::allclose(slopes, weight.unsqueeze(1).expand_as(slopes)));
  const Tensor gradient = trainer.gradient(slopes.pow(2).mean(1).sum(1));
  CHECK(at::allclose(gradient.narrow(1, 0, 5), 2.0 * weight));
}

TEST_CASE("mixed rows have both labels, each with its share") {
  at::manual_seed(11);
  const Batch batch = own_batch(1);
  const Tensor other = at::tensor({7, 6, 5, 4, 3, 2, 1, 0}, at::kLong).unsqueeze(0).repeat({2, 1});
  const Tensor share = at::full({2, 8}, 0.25);
  const MixedRows mixed = mixed_rows(batch, other, share);
  CHECK(mixed.first.x.size(0) == 2);
  CHECK(at::allclose(mixed.first.x[1], 0.25 * batch.x[0] + 0.75 * batch.x[0].flip({0})));
  CHECK(at::equal(mixed.y_other[0].flatten(), batch.y.flatten().flip({0})));
  Output output;
  output.logits = at::randn({2, 8, 1});
  Batch swapped = mixed.first;
  swapped.y = mixed.y_other;
  CHECK(at::allclose(mixed_losses(output, mixed),
                     0.25 * row_losses(output, mixed.first) + 0.75 * row_losses(output, swapped)));
  CHECK(at::equal(domain_rows(batch, 1).x, batch.x.narrow(1, 4, 4)));
  CHECK(at::equal(domain_rows(batch, 1).y, batch.y.narrow(1, 1, 1)));
}

TEST_CASE("tables keep numbers by row, the last of several") {
  Batch batch;
  batch.domains = 2;
  batch.rows_per_domain = 2;
  batch.number = at::tensor({4, 1, 0, 4}, at::kLong).reshape({1, 2, 2});
  Tensor table = at::zeros({2, 6});
  const Tensor values = at::arange(8, at::kFloat).reshape({2, 2, 2});
  put_table_rows(table, batch, values);
  CHECK(at::equal(
      table,
      at::tensor({2.F, 1.F, 0.F, 0.F, 3.F, 0.F, 6.F, 5.F, 0.F, 0.F, 7.F, 0.F}).reshape({2, 6})));
  CHECK(at::equal(table_rows(table, batch)[1].flatten(), at::tensor({7.F, 5.F, 6.F, 7.F})));
  batch.number = Tensor();
  CHECK_THROWS_AS(table_rows(table, batch), PluginError);
}

TEST_CASE("rows are drawn by their weights, and never one of weight 0") {
  const nouns::WeightedRows rows(at::tensor({0.0, 3.0, 0.0, 1.0}, at::kDouble).unsqueeze(0));
  const RandomStream stream{RandomKey(1)};
  std::int64_t second = 0;
  constexpr std::int64_t kDraws = 4000;
  for (std::int64_t i = 0; i < kDraws; ++i) {
    const std::int64_t row = rows.draw(0, stream, 7, i);
    CHECK((row == 1 || row == 3));
    second += row == 1 ? 1 : 0;
  }
  CHECK(static_cast<double>(second) / kDraws == Approx(0.75).margin(0.03));
  CHECK(at::allclose(rows.normalised()[0], at::tensor({0.0F, 3.0F, 0.0F, 1.0F})));
  for (const double bad : {-1.0, std::nan("")}) {
    CHECK_THROWS_AS(nouns::WeightedRows(at::full({1, 2}, bad, at::kDouble)), PluginError);
  }
  CHECK_THROWS_AS(nouns::WeightedRows(at::zeros({1, 2}, at::kDouble)), PluginError);
  const Tensor labels = at::tensor({5, 5, 5, 2}, at::kLong).unsqueeze(0);
  CHECK(at::allclose(nouns::balancing_weights(labels)[0],
                     at::tensor({1.0, 1.0, 1.0, 3.0}, at::kDouble) / 3.0));
}
