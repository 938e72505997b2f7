// Batch normalisation in training, and methods that adapt to unlabelled rows, against plain
// arithmetic in float64.
#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>

#include "catch.hpp"
#include "spurion/catalog.hpp"
#include "spurion/error.hpp"
#include "spurion/row_tools.hpp"
#include "unit/replicas.hpp"

using namespace spurion;
using spurion::tests::keys;

namespace {

constexpr std::int64_t kInputs = 4;
constexpr std::int64_t kWidth = 5;

/// A perceptron of one hidden layer, and rows for it.
struct Toy {
  Catalog catalog = builtin_catalog();
  std::int64_t outputs;
  std::unique_ptr<Model> model;
  Tensor parameters;

  explicit Toy(const std::string& normalisation, std::int64_t classes = 1) : outputs(classes) {
    Problems problems;
    const Value options = catalog.models.at("mlp").schema.normalise(
        Value::Table{{"depth", 1}, {"width", kWidth}, {"normalisation", normalisation}}, "mlp",
        problems);
    problems.raise();
    model = catalog.models.at("mlp").make({options}, ModelContext{{kInputs}, outputs});
    at::manual_seed(5);
    parameters = model->initialise(keys(2));
    parameters += 0.1 * at::rand(parameters.sizes());
  }
  [[nodiscard]] std::unique_ptr<Method> method(const std::string& name,
                                               const Value& given = Value::Table{}) const {
    Problems problems;
    const Value options = catalog.methods.at(name).schema.normalise(given, name, problems);
    problems.raise();
    MethodContext context{outputs == 1 ? Task::binary : Task::multiclass, 2, 2, 0, keys(2)};
    context.input_shape = {kInputs};
    context.outputs = outputs;
    return catalog.methods.at(name).make({options, options}, context);
  }
  /// A block of a replica in float64.
  [[nodiscard]] Tensor block(const Tensor& all, const std::string& name, std::int64_t k) const {
    for (const ParameterBlock& block : model->layout()) {
      if (block.name != name) continue;
      return all[k]
          .narrow(0, block.offset, element_count(block.shape))
          .to(at::kDouble)
          .reshape(block.shape);
    }
    FAIL("no block " << name);
    return {};
  }
  [[nodiscard]] Batch batch() const {
    Batch batch;
    batch.domains = 2;
    batch.rows_per_domain = 9;
    batch.x = at::randn({2, 18, kInputs}) * 2.0 + 0.5;
    batch.y = at::randint(outputs == 1 ? 2 : outputs, {2, 2, 9}, at::kLong);
    batch.task = outputs == 1 ? Task::binary : Task::multiclass;
    return batch;
  }
};

/// Mean and variance of the units of the first layer, of rows x [B, D].
struct Moments {
  Tensor mean;
  Tensor variance;  ///< biased
};

Moments moments(const Toy& toy, const Tensor& parameters, std::int64_t k, const Tensor& x) {
  const Tensor units = at::matmul(x.to(at::kDouble), toy.block(parameters, "layer0.weight", k)) +
                       toy.block(parameters, "layer0.bias", k);
  return {units.mean(0), units.var(0, /*unbiased=*/false)};
}

/// Logits [B, C] of rows x [B, D], normalised by these moments.
Tensor logits(const Toy& toy, const Tensor& parameters, std::int64_t k, const Tensor& x,
              const Moments& by) {
  const Tensor units = at::matmul(x.to(at::kDouble), toy.block(parameters, "layer0.weight", k)) +
                       toy.block(parameters, "layer0.bias", k);
  const Tensor normal =
      (units - by.mean) / (by.variance + 1e-5).sqrt() * toy.block(parameters, "norm0.weight", k) +
      toy.block(parameters, "norm0.bias", k);
  return at::matmul(normal.relu(), toy.block(parameters, "layer1.weight", k)) +
         toy.block(parameters, "layer1.bias", k);
}

bool close(const Tensor& a, const Tensor& b) {
  return at::allclose(a.to(at::kDouble), b.to(at::kDouble), 1e-4, 1e-5);
}

}  // namespace

TEST_CASE("training passes use the statistics of the rows and move the running ones") {
  Toy toy("batch");
  OptimizerOptions optimizer;
  optimizer.weight_decay = 0.5;  // of statistics there is none
  ReplicaTrainer trainer(*toy.model, toy.parameters, optimizer);
  const Batch batch = toy.batch();
  const Output output = trainer.forward(batch.x);
  for (std::int64_t k = 0; k < 2; ++k) {
    const Moments rows = moments(toy, toy.parameters, k, batch.x[k]);
    CHECK(close(output.logits[k], logits(toy, toy.parameters, k, batch.x[k], rows)));
  }
  trainer.step_from_losses(row_mean(row_losses(output, batch), batch));
  const Tensor after = trainer.parameters().detach();
  for (std::int64_t k = 0; k < 2; ++k) {
    const Moments rows = moments(toy, toy.parameters, k, batch.x[k]);
    CHECK(close(toy.block(after, "norm0.mean", k),
                0.9 * toy.block(toy.parameters, "norm0.mean", k) + 0.1 * rows.mean));
    CHECK(close(toy.block(after, "norm0.variance", k),
                0.9 * toy.block(toy.parameters, "norm0.variance", k) +
                    0.1 * rows.variance * (18.0 / 17.0)));
    CHECK_FALSE(
        close(toy.block(after, "norm0.weight", k), toy.block(toy.parameters, "norm0.weight", k)));
  }
  // An evaluation uses the running ones, and moves nothing.
  const at::NoGradGuard no_grad;
  const Output evaluated = trainer.forward(batch.x);
  CHECK_FALSE(evaluated.statistics.defined());
  const Moments running{toy.block(after, "norm0.mean", 1), toy.block(after, "norm0.variance", 1)};
  CHECK(close(evaluated.logits[1], logits(toy, after, 1, batch.x[1], running)));
}

TEST_CASE("gradients of domains come from one pass over all rows under batch normalisation") {
  Toy toy("batch");
  ReplicaTrainer trainer(*toy.model, toy.parameters, OptimizerOptions());
  const Batch batch = toy.batch();
  const auto apart = trainer.domain_gradients(batch, false);
  const Tensor risks = domain_risks(trainer.forward(batch.x), batch);
  CHECK(close(apart.risks, risks.detach()));
  CHECK(close(apart.gradients.sum(1), trainer.gradient(risks.sum(1))));
}

TEST_CASE("a second copy of a model with batch normalisation is refused") {
  Toy toy("batch");
  const auto ensemble = toy.method("deep_ensemble");
  CHECK_THROWS_AS(ensemble->own_blocks(*toy.model), UsageError);
}

TEST_CASE("bn_adapt puts the statistics of the batch in place of the running ones") {
  Toy toy("batch");
  const double source_rows = GENERATE(0.0, 6.0);
  const auto method = toy.method("bn_adapt", Value::Table{{"source_rows", source_rows}});
  const ReplicaTrainer trainer(*toy.model, toy.parameters, OptimizerOptions());
  const Tensor unlabelled = toy.batch().x;
  const Tensor x = toy.batch().x;
  const Evaluated evaluated = method->adapter(trainer)->adapt(unlabelled);
  const Tensor got = evaluated_logits(evaluated, trainer, {0, 2}, x, Task::binary);
  const double share = 18.0 / (18.0 + source_rows);
  for (std::int64_t k = 0; k < 2; ++k) {
    const Moments rows = moments(toy, toy.parameters, k, unlabelled[k]);
    const Moments mixed{
        share * rows.mean + (1.0 - share) * toy.block(toy.parameters, "norm0.mean", k),
        share * rows.variance * (18.0 / 17.0) +
            (1.0 - share) * toy.block(toy.parameters, "norm0.variance", k)};
    CHECK(close(got[k], logits(toy, toy.parameters, k, x[k], mixed)));
  }
}

TEST_CASE("tent takes steps of Adam down the entropy, in scales and shifts alone") {
  Toy toy("layer", GENERATE(1, 3));
  const Task task = toy.outputs == 1 ? Task::binary : Task::multiclass;
  const auto method = toy.method("tent", Value::Table{{"learning_rate", 0.01}});
  const ReplicaTrainer trainer(*toy.model, toy.parameters, OptimizerOptions());
  const Tensor x = toy.batch().x;
  // The mean entropy of replica 0 in float64, with one parameter moved.
  const auto entropy = [&](std::int64_t column, double by) {
    Tensor moved = toy.parameters.to(at::kDouble);
    moved[0][column] += by;
    const Tensor z = toy.model->forward_differentiable(moved, x.to(at::kDouble)).logits[0];
    const Tensor p = toy.outputs == 1 ? at::cat({z.sigmoid(), (-z).sigmoid()}, 1) : z.softmax(1);
    return -(p * p.log()).sum(1).mean().item<double>();
  };
  const Evaluated evaluated = method->adapter(trainer)->adapt(x);
  REQUIRE(evaluated.members.size() == 1);
  const Tensor change = (evaluated.members.front() - toy.parameters)[0];
  const Tensor columns = columns_with(*toy.model, BlockRole::normalisation);
  std::int64_t moved = 0;
  for (std::int64_t i = 0; i < change.size(0); ++i) {
    const double own = change[i].item<double>();
    if (!columns.eq(i).any().item<bool>()) {
      CHECK(own == 0.0);
      continue;
    }
    const double slope = (entropy(i, 1e-5) - entropy(i, -1e-5)) / 2e-5;
    if (std::abs(slope) < 1e-4) continue;  // a unit that is off
    ++moved;
    // The first step of Adam goes the whole rate against the sign of the slope.
    CHECK(own == Approx(slope > 0.0 ? -0.01 : 0.01).epsilon(1e-3));
  }
  CHECK(moved > 3);
  CHECK_THROWS_AS(method->check(*Toy("none").model), UsageError);
  CHECK(task == (toy.outputs == 1 ? Task::binary : Task::multiclass));
}

TEST_CASE("t3a predicts by the directions of the most confident rows of each class") {
  const std::int64_t classes = GENERATE(1, 3);
  const std::int64_t filter = GENERATE(1, 4, -1);
  CAPTURE(classes, filter);
  Toy toy("none", classes);
  const auto method = toy.method("t3a", Value::Table{{"filter", filter}});
  const ReplicaTrainer trainer(*toy.model, toy.parameters, OptimizerOptions());
  const auto adapter = method->adapter(trainer);
  const Task task = classes == 1 ? Task::binary : Task::multiclass;
  const at::NoGradGuard no_grad;
  std::vector<Tensor> batches = {toy.batch().x, toy.batch().x};
  Evaluated evaluated;
  for (const Tensor& batch : batches) evaluated = adapter->adapt(batch);
  const Tensor x = toy.batch().x;
  const Tensor got = evaluated_logits(evaluated, trainer, {0, 2}, x, task);
  for (std::int64_t k = 0; k < 2; ++k) {
    const Tensor weight = toy.block(toy.parameters, "layer1.weight", k).t();
    const Tensor bias = toy.block(toy.parameters, "layer1.bias", k);
    const Tensor own = classes == 1 ? at::cat({-weight, weight}) : weight;
    // All supports, their classes and their entropies, as the paper has them.
    std::vector<Tensor> parts = {own};
    for (const Tensor& batch : batches) {
      parts.push_back(toy.model->forward(toy.parameters, batch).features[k].to(at::kDouble));
    }
    const Tensor supports = at::cat(parts);
    Tensor z = at::matmul(supports, weight.t()) + bias;
    if (classes == 1) z = at::cat({at::zeros_like(z), z}, 1);
    const Tensor p = z.softmax(1);
    const Tensor entropy = -(p * z.log_softmax(1)).sum(1);
    const Tensor predicted = z.argmax(1);
    std::vector<Tensor> prototypes;
    for (std::int64_t c = 0; c < own.size(0); ++c) {
      const Tensor places = predicted.eq(c).nonzero().squeeze(1);
      const Tensor order = std::get<1>(entropy.index_select(0, places).sort(0));
      const std::int64_t most = filter < 0 ? places.size(0) : std::min(filter, places.size(0));
      const Tensor kept =
          supports.index_select(0, places.index_select(0, order.narrow(0, 0, most)));
      const Tensor sum = (kept / kept.norm(2, {1}, true).clamp_min(1e-12)).sum(0);
      prototypes.push_back(sum / sum.norm().clamp_min(1e-12));
    }
    const Tensor features = toy.model->forward(toy.parameters, x).features[k].to(at::kDouble);
    Tensor want = at::matmul(features, at::stack(prototypes, 1));
    if (classes == 1) want = want.narrow(1, 1, 1) - want.narrow(1, 0, 1);
    CHECK(close(got[k], want));
  }
}

TEST_CASE("arm_bn normalises the rows of each domain by their own statistics") {
  Toy toy("batch");
  const auto method = toy.method("arm_bn");
  ReplicaTrainer trainer(*toy.model, toy.parameters, OptimizerOptions());
  const Batch batch = toy.batch();
  method->step(trainer, batch);
  const Tensor after = trainer.parameters().detach();
  for (std::int64_t k = 0; k < 2; ++k) {
    double loss = 0.0;
    Tensor mean = at::zeros({kWidth}, at::kDouble);
    for (std::int64_t e = 0; e < 2; ++e) {
      const Tensor x = batch.x[k].narrow(0, 9 * e, 9);
      const Moments rows = moments(toy, toy.parameters, k, x);
      const Tensor z = logits(toy, toy.parameters, k, x, rows).squeeze(1);
      const Tensor sign = 2.0 * batch.y[k][e].to(at::kDouble) - 1.0;
      loss += 0.5 * at::softplus(-sign * z).mean().item<double>();
      mean += 0.5 * rows.mean;
    }
    CHECK(trainer.last_losses()[k].item<double>() == Approx(loss).epsilon(1e-4));
    CHECK(close(toy.block(after, "norm0.mean", k),
                0.9 * toy.block(toy.parameters, "norm0.mean", k) + 0.1 * mean));
  }
}
