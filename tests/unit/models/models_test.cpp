#include <ATen/ATen.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/nn/modules/linear.h>

#include "catch.hpp"
#include "spurion/catalog.hpp"
#include "spurion/module_model.hpp"
#include "unit/replicas.hpp"

using namespace spurion;
using spurion::tests::keys;

namespace {

std::unique_ptr<Model> make(const Catalog& catalog, const std::string& name, const Value& given,
                            const ModelContext& context) {
  const auto& entry = catalog.models.at(name);
  Problems problems;
  const Value options = entry.schema.normalise(given, name, problems);
  problems.raise();
  return entry.make({options}, context);
}

struct ReplicaRows {
  std::int64_t replicas;
  std::int64_t rows;
  bool shared;  ///< by all replicas
};

/// Largest difference of logits and parameter gradients between the fast path in float32 and the
/// plain path in float64.
double difference(const Model& model, const ReplicaRows& given, const Shape& input,
                  bool with_features) {
  const auto [replicas, rows, shared] = given;
  Tensor fast = model.initialise(keys(replicas));
  fast += 0.1 * at::randn(fast.sizes());
  Tensor slow = fast.to(at::kDouble).requires_grad_(true);
  fast.requires_grad_(true);
  Shape shape = {shared ? 1 : replicas, rows};
  shape.insert(shape.end(), input.begin(), input.end());
  const Tensor x = at::randn(shape);
  const Output got = model.forward(fast, x);
  const Output want = model.forward_differentiable(slow, x.to(at::kDouble));
  const Tensor seed = at::randn(got.logits.sizes());
  const Tensor feature_seed = at::randn(got.features.sizes());
  const auto objective = [&](const Output& output) {
    Tensor sum = (output.logits * seed.to(output.logits.scalar_type())).sum();
    if (with_features) {
      sum = sum + (output.features * feature_seed.to(output.logits.scalar_type())).sum();
    }
    return sum;
  };
  const Tensor g = torch::autograd::grad({objective(got)}, {fast})[0].to(at::kDouble);
  const Tensor h = torch::autograd::grad({objective(want)}, {slow})[0];
  const double scale = h.abs().max().item<double>();
  return std::max((got.logits.to(at::kDouble) - want.logits).abs().max().item<double>(),
                  (g - h).abs().max().item<double>() / scale);
}

}  // namespace

TEST_CASE("the fast path of the mlp agrees with float64 in value and gradient over many shapes") {
  const Catalog catalog = builtin_catalog();
  at::manual_seed(1);
  for (const std::int64_t depth : {1, 2, 4}) {
    for (const std::int64_t width : {1, 7, 16, 33, 130}) {
      for (const std::int64_t rows : {1, 5, 64, 203}) {
        CAPTURE(depth, width, rows);
        const auto model = make(catalog, "mlp", Value::Table{{"depth", depth}, {"width", width}},
                                ModelContext{{3, 7}, rows % 2 == 0 ? 1 : 3});
        CHECK(difference(*model, {3, rows, rows == 64}, {3, 7}, rows == 5) < 1e-4);
      }
    }
  }
}

TEST_CASE("a wide mlp agrees with float64 where oneDNN does the products") {
  const Catalog catalog = builtin_catalog();
  at::manual_seed(2);
  const auto model =
      make(catalog, "mlp", Value::Table{{"depth", 2}, {"width", 300}}, ModelContext{{392}, 1});
  CHECK(difference(*model, {2, 257, false}, {392}, false) < 1e-4);
}

TEST_CASE("mlps of each activation function have the values and derivatives of torch's own") {
  const Catalog catalog = builtin_catalog();
  at::manual_seed(8);
  const char* activation = GENERATE("relu", "tanh", "gelu");
  const auto reference = [&](const Tensor& z) {
    const std::string name = activation;
    return name == "tanh" ? at::tanh(z) : name == "gelu" ? at::gelu(z, "tanh") : at::relu(z);
  };
  const auto model =
      make(catalog, "mlp", Value::Table{{"width", 6}, {"depth", 2}, {"activation", activation}},
           ModelContext{{5}, 2});
  CAPTURE(activation);
  CHECK(difference(*model, {3, 33, false}, {5}, true) < 1e-4);
  CHECK(difference(*model, {3, 203, true}, {5}, false) < 1e-4);
  const Tensor parameters = at::randn({2, model->parameter_count()}, at::kDouble);
  const Tensor x = 2.0 * at::randn({1, 40, 5}, at::kDouble);
  // With the parameters of replica k, block by block.
  const auto by_hand = [&](const Tensor& all, std::int64_t k) {
    Tensor hidden = x[0];
    for (std::size_t i = 0; i < model->layout().size(); i += 2) {
      const ParameterBlock& weight = model->layout()[i];
      const ParameterBlock& bias = model->layout()[i + 1];
      if (i > 0) hidden = reference(hidden);
      hidden =
          hidden.matmul(
              all[k].narrow(0, weight.offset, element_count(weight.shape)).reshape(weight.shape)) +
          all[k].narrow(0, bias.offset, element_count(bias.shape));
    }
    return hidden;
  };
  // The value, its gradient, and the gradient of the squared norm of that.
  const auto derivatives = [&](const auto& logits_of) {
    const Tensor own = parameters.detach().requires_grad_(true);
    const Tensor logits = logits_of(own);
    const Tensor first = torch::autograd::grad({logits.square().sum()}, {own}, {}, true, true)[0];
    const Tensor second = torch::autograd::grad({first.square().sum()}, {own})[0];
    return std::vector<Tensor>{logits.detach(), first.detach(), second};
  };
  const auto found =
      derivatives([&](const Tensor& own) { return model->forward_differentiable(own, x).logits; });
  const auto expected = derivatives([&](const Tensor& own) {
    return at::stack({by_hand(own, 0), by_hand(own, 1)});
  });
  for (std::size_t i = 0; i < expected.size(); ++i) {
    CAPTURE(i);
    CHECK(at::allclose(found[i], expected[i], 1e-9, 1e-9));
  }
}

TEST_CASE("only an mlp with ReLU takes the path that knows nothing else") {
  const Catalog catalog = builtin_catalog();
  for (const char* activation : {"relu", "tanh", "gelu"}) {
    const auto model = make(catalog, "mlp", Value::Table{{"width", 6}, {"activation", activation}},
                            ModelContext{{5}, 1});
    CHECK(model->knows_risks(Task::binary, 2) == (std::string(activation) == "relu"));
  }
  CHECK_THROWS_AS(
      make(catalog, "mlp", Value::Table{{"activation", "sigmoid"}}, ModelContext{{5}, 1}),
      UsageError);
}

TEST_CASE("greyscale cannot see the channel") {
  const Catalog catalog = builtin_catalog();
  at::manual_seed(3);
  const auto model = make(catalog, "mlp", Value::Table{{"width", 9}, {"greyscale", true}},
                          ModelContext{{2, 4, 4}, 1});
  const Tensor x = at::randn({1, 5, 2, 4, 4});
  const Tensor parameters = model->initialise(keys(2));
  CHECK(at::allclose(model->forward(parameters, x).logits,
                     model->forward(parameters, x.flip(2)).logits, 1e-5, 1e-6));
  CHECK(difference(*model, {2, 11, false}, {2, 4, 4}, false) < 1e-4);
  CHECK_THROWS_AS(make(catalog, "mlp", Value::Table{{"greyscale", true}}, ModelContext{{7}, 1}),
                  UsageError);
}

TEST_CASE("the linear model agrees with float64 and names its weights") {
  const Catalog catalog = builtin_catalog();
  at::manual_seed(4);
  const auto model = make(catalog, "linear", Value(), ModelContext{{10}, 1});
  CHECK(difference(*model, {3, 203, true}, {10}, false) < 1e-4);
  REQUIRE(model->linear_weights() != nullptr);
  CHECK(element_count(model->linear_weights()->shape) == 10);
}

TEST_CASE("the linear model with a representation starts as the sum of its inputs") {
  const Catalog catalog = builtin_catalog();
  at::manual_seed(4);
  for (const std::int64_t outputs : {1, 3}) {
    const auto model = make(catalog, "linear_representation", Value(), ModelContext{{10}, outputs});
    CHECK(model->parameter_count() == 100 * outputs);
    CHECK(difference(*model, {3, 203, true}, {10}, false) < 1e-4);
    const Tensor x = at::randn({1, 7, 10});
    const Tensor start = model->initialise(keys(1));
    const Tensor logits = model->forward(start, x).logits;
    CHECK(at::allclose(logits, x.sum(2, true).expand_as(logits), 1e-5, 1e-6));
    CHECK(at::equal(model->linear_coefficients(start), at::ones({1, 10})));
    const Tensor parameters = at::randn({2, model->parameter_count()});
    const Tensor slopes = model->linear_coefficients(parameters).unsqueeze(2);
    CHECK(at::allclose(model->forward(parameters, x).logits.narrow(2, 0, 1), at::matmul(x, slopes),
                       1e-4, 1e-5));
  }
}

TEST_CASE("random features agree with float64, and are fixed, normed and nested") {
  const Catalog catalog = builtin_catalog();
  at::manual_seed(6);
  const ModelContext context{{3, 4}, 1};
  for (const std::int64_t width : {1, 7, 130}) {
    for (const bool shared : {false, true}) {
      CAPTURE(width, shared);
      const auto model = make(catalog, "random_features", Value::Table{{"width", width}}, context);
      CHECK(model->parameter_count() == width);
      CHECK(difference(*model, {3, 33, shared}, {3, 4}, false) < 1e-4);
    }
  }
  const auto few = make(catalog, "random_features", Value::Table{{"width", 50}}, context);
  const auto many = make(catalog, "random_features", Value::Table{{"width", 200}}, context);
  const auto other =
      make(catalog, "random_features", Value::Table{{"width", 50}, {"feature_seed", 1}}, context);
  // The features of the unit vectors and their negatives are the positive and negative parts of
  // the directions: squares sum to |w|^2 / N = 1 / N.
  const Tensor unit = at::eye(12).reshape({1, 12, 3, 4});
  const Tensor x = at::cat({unit, -unit}, 1);
  const auto features = [&](const Model& model) {
    return model.forward(model.initialise(keys(1)), x).features[0];
  };
  const Tensor squares = features(*few).pow(2).sum(0) * 50;
  CHECK(at::allclose(squares, at::ones_like(squares), 1e-5, 1e-5));
  CHECK(at::allclose(features(*few), 2 * features(*many).narrow(1, 0, 50), 1e-5, 1e-6));
  CHECK_FALSE(at::allclose(features(*few), features(*other)));
  CHECK(few->initialise(keys(2)).eq(0).all().item<bool>());
}

TEST_CASE("random features of rows that are trained on again are worked out once") {
  const Catalog catalog = builtin_catalog();
  at::manual_seed(7);
  const auto options = Value::Table{{"width", 20}};
  const ModelContext context{{4}, 1};
  const auto model = make(catalog, "random_features", options, context);
  const Tensor parameters = at::randn({2, 20}).requires_grad_(true);
  Tensor x = at::randn({1, 9, 4});
  const auto fresh = [&] {
    return make(catalog, "random_features", options, context)->forward(parameters, x);
  };
  const Tensor before = fresh().features;
  Tensor last;
  for (int step = 0; step < 4; ++step) {
    const Output output = model->forward(parameters, x);
    CHECK(at::equal(output.features, before));
    CHECK(at::equal(output.logits, fresh().logits));
    // Not before they come again: minibatches would be kept for nothing.
    if (step > 0) CHECK((output.features.data_ptr() == last.data_ptr()) == (step > 1));
    last = output.features;
  }
  // Another head, other rows, rows that were changed in their place, features that were.
  CHECK(at::equal(model->forward(parameters * 2.0, x).logits, 2.0 * fresh().logits));
  const Tensor others = at::randn({1, 9, 4});
  CHECK_FALSE(at::equal(model->forward(parameters, others).features, before));
  for (int step = 0; step < 3; ++step) last = model->forward(parameters, x).features;
  x.add_(1.0);
  CHECK(at::equal(model->forward(parameters, x).features, fresh().features));
  for (int step = 0; step < 3; ++step) last = model->forward(parameters, x).features;
  last[0].zero_();
  CHECK(at::equal(model->forward(parameters, x).features, fresh().features));
}

TEST_CASE("Xavier and Kaiming start with their variances") {
  const Catalog catalog = builtin_catalog();
  for (const auto& [name, variance] :
       {std::pair{"xavier", 2.0 / (200 + 300)}, std::pair{"kaiming", 2.0 / 200}}) {
    const auto model =
        make(catalog, "mlp", Value::Table{{"width", 300}, {"depth", 1}, {"initialisation", name}},
             ModelContext{{200}, 1});
    const Tensor first = model->initialise(keys(1)).narrow(1, 0, 200 * 300);
    // 60,000 uniform draws: the sample variance is within 2 %.
    CHECK(first.var().item<double>() == Approx(variance).epsilon(0.02));
    CHECK(std::abs(first.mean().item<double>()) < 4 * std::sqrt(variance / 60000));
  }
}

namespace {

/// A linear map as a torch::nn::Module.
ModuleModel linear_module(std::int64_t inputs) {
  return {[inputs] { return torch::nn::Linear(inputs, 1).ptr(); },
          [](torch::nn::Module& module, const Tensor& x) {
            return std::make_pair(Tensor(), module.as<torch::nn::Linear>()->forward(x));
          },
          2.0 * static_cast<double>(inputs)};
}

}  // namespace

TEST_CASE("replicas of a module pass one after the other, also where a method makes them") {
  at::manual_seed(7);
  const ModuleModel module = linear_module(4);
  const auto linear = make(builtin_catalog(), "linear", Value::Table{}, ModelContext{{4}, 1});
  CHECK_FALSE(module.twice_differentiable());
  const Tensor parameters = at::randn({3, 5});
  for (const std::int64_t sets : {1, 3}) {
    const Tensor x = at::randn({sets, 6, 4});
    CHECK(at::allclose(module.forward(parameters, x).logits, linear->forward(parameters, x).logits,
                       1e-5, 1e-6));
  }
  Batch batch;
  batch.x = at::randn({1, 12, 4});
  batch.y = at::randint(0, 2, {1, 3, 4}, at::kLong);
  batch.domains = 3;
  batch.rows_per_domain = 4;
  ReplicaTrainer through_module(module, parameters, OptimizerOptions());
  ReplicaTrainer through_linear(*linear, parameters, OptimizerOptions());
  const auto found = through_module.domain_gradients(batch, false);
  const auto expected = through_linear.domain_gradients(batch, false);
  CHECK(found.gradients.sizes() == at::IntArrayRef({3, 3, 5}));
  CHECK(at::allclose(found.risks, expected.risks, 1e-5, 1e-6));
  CHECK(at::allclose(found.gradients, expected.gradients, 1e-4, 1e-6));
}

TEST_CASE("a module gives the gradient of its rows, and works in float64") {
  at::manual_seed(8);
  const ModuleModel module = linear_module(4);
  const Tensor parameters = at::randn({2, 5});
  const Tensor x = at::randn({1, 6, 4}).requires_grad_(true);
  const Tensor gradient =
      torch::autograd::grad({module.forward(parameters, x).logits.sum()}, {x})[0];
  const Tensor weights = parameters.narrow(1, 0, 4).sum(0);
  CHECK(at::allclose(gradient[0], weights.expand({6, 4}), 1e-5, 1e-6));
  const Output exact =
      module.forward_differentiable(parameters.to(at::kDouble), x.detach().to(at::kDouble));
  CHECK(exact.logits.scalar_type() == at::kDouble);
}

TEST_CASE("a torch::nn::Module trains through the adapter as the module itself would") {
  at::manual_seed(5);
  const ModuleModel model([] { return torch::nn::Linear(4, 1).ptr(); },
                          [](torch::nn::Module& module, const Tensor& x) {
                            return std::make_pair(Tensor(),
                                                  module.as<torch::nn::Linear>()->forward(x));
                          },
                          8.0);
  CHECK(model.parameter_count() == 5);
  CHECK(model.max_replicas() == 1);
  Tensor parameters = model.initialise(keys(1)).requires_grad_(true);
  const Tensor x = at::randn({1, 6, 4});
  const Output output = model.forward(parameters, x);
  const Tensor weight = parameters.detach().narrow(1, 0, 4);
  const Tensor bias = parameters.detach()[0][4];
  CHECK(at::allclose(output.logits.squeeze(), x[0].matmul(weight[0]) + bias));
  const Tensor gradient = torch::autograd::grad({output.logits.sum()}, {parameters})[0];
  CHECK(at::allclose(gradient.narrow(1, 0, 4), x.sum(1)));
  CHECK(gradient[0][4].item<double>() == Approx(6.0));
}
