// The models of sequences against independent implementations: torch::nn::GRU, and a transformer
// of plain LibTorch operations that answers at every position.
#include <ATen/ATen.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/nn/modules/rnn.h>

#include <cmath>
#include <functional>
#include <map>

#include "catch.hpp"
#include "spurion/catalog.hpp"
#include "unit/replicas.hpp"

using namespace spurion;
using spurion::tests::moved;
using spurion::tests::same_bits;

namespace {

std::unique_ptr<Model> make(const std::string& name, const Value& given,
                            const ModelContext& context) {
  const Catalog catalog = builtin_catalog();
  const auto& entry = catalog.models.at(name);
  Problems problems;
  const Value options = entry.schema.normalise(given, name, problems);
  problems.raise();
  return entry.make({options}, context);
}

/// The blocks of one replica's parameters [P] by name.
std::map<std::string, Tensor> blocks(const Model& model, const Tensor& parameters) {
  std::map<std::string, Tensor> all;
  for (const ParameterBlock& block : model.layout()) {
    all[block.name] =
        parameters.narrow(0, block.offset, element_count(block.shape)).reshape(block.shape);
  }
  return all;
}

/// Features and logits of one replica for rows [B, T, V].
using Plain = std::function<std::pair<Tensor, Tensor>(
    const std::map<std::string, Tensor>& parameters, const Tensor& x)>;

std::pair<Tensor, Tensor> torch_gru(const std::map<std::string, Tensor>& p, const Tensor& x) {
  std::int64_t depth = 0;
  while (p.count("layer" + std::to_string(depth) + ".input_bias") != 0) ++depth;
  const std::int64_t width = p.at("head.weight").size(0);
  torch::nn::GRU net(torch::nn::GRUOptions(x.size(2), width).num_layers(depth).batch_first(true));
  net->to(x.scalar_type());
  // The module's own parameters become functions of ours: its forward pass is theirs.
  std::vector<Tensor> flat;
  for (std::int64_t layer = 0; layer < depth; ++layer) {
    const std::string name = "layer" + std::to_string(layer);
    flat.push_back(p.at(name + ".input_weight").t());
    flat.push_back(p.at(name + ".hidden_weight").t());
    flat.push_back(p.at(name + ".input_bias"));
    flat.push_back(p.at(name + ".hidden_bias"));
  }
  const Tensor start = at::zeros({depth, x.size(0), width}, x.options());
  const auto names = net->named_parameters();
  REQUIRE(names.size() == flat.size());
  for (std::size_t i = 0; i < flat.size(); ++i)
    REQUIRE(names[i].value().sizes() == flat[i].sizes());
  const auto [states, last] =
      at::gru(x, start, flat, true, depth, 0.0, false, false, /*batch_first=*/true);
  {
    const at::NoGradGuard no_grad;
    for (std::size_t i = 0; i < flat.size(); ++i) {
      Tensor target = names[i].value();
      target.copy_(flat[i]);
    }
    const Tensor by_module = std::get<0>(net->forward(x.detach(), start));
    REQUIRE(at::allclose(by_module, states.detach()));
  }
  const Tensor features = states.select(1, x.size(1) - 1);
  return {features, at::matmul(features, p.at("head.weight")) + p.at("head.bias")};
}

Plain plain_transformer(std::int64_t heads, bool gelu) {
  return [=](const std::map<std::string, Tensor>& p, const Tensor& x) {
    const std::int64_t rows = x.size(0);
    const std::int64_t length = x.size(1);
    const std::int64_t width = p.at("embedding").size(1);
    const auto norm = [&](const std::string& name, const Tensor& values) {
      return at::layer_norm(values, {width}, p.at(name + ".gain"), p.at(name + ".bias"), 1e-5);
    };
    const auto linear = [&](const std::string& name, const Tensor& values) {
      return at::matmul(values, p.at(name + ".weight")) + p.at(name + ".bias");
    };
    const auto by_head = [&](const Tensor& values) {
      return values.reshape({rows, length, heads, width / heads}).transpose(1, 2);
    };
    const Tensor future = at::ones({length, length}, at::kBool).triu(1);
    Tensor stream = at::matmul(x, p.at("embedding")) + p.at("positions");
    for (std::int64_t i = 0; p.count("block" + std::to_string(i) + ".query.bias") != 0; ++i) {
      const std::string block = "block" + std::to_string(i) + ".";
      const Tensor read = norm(block + "attention_norm", stream);
      const Tensor query = by_head(linear(block + "query", read));
      const Tensor both = linear(block + "key_value", read);
      const Tensor key = by_head(both.narrow(2, 0, width));
      const Tensor value = by_head(both.narrow(2, width, width));
      const Tensor scores = at::matmul(query, key.transpose(2, 3)) /
                            std::sqrt(static_cast<double>(width) / static_cast<double>(heads));
      const Tensor weights = at::softmax(scores.masked_fill(future, -1e30), 3);
      const Tensor mixed =
          at::matmul(weights, value).transpose(1, 2).reshape({rows, length, width});
      stream = stream + linear(block + "attention_out", mixed);
      const Tensor hidden = linear(block + "mlp_in", norm(block + "mlp_norm", stream));
      stream =
          stream + linear(block + "mlp_out", gelu ? at::gelu(hidden, "tanh") : at::relu(hidden));
    }
    const Tensor features = norm("norm", stream).select(1, length - 1);
    return std::pair(features, linear("head", features));
  };
}

struct Case {
  const char* model;
  Value::Table options;
  Plain plain;
};

std::vector<Case> cases() {
  return {{"gru", {{"width", 7}}, torch_gru},
          {"gru", {{"width", 16}, {"depth", 3}}, torch_gru},
          {"causal_transformer", {{"width", 6}, {"heads", 3}}, plain_transformer(3, true)},
          {"causal_transformer",
           {{"width", 8}, {"heads", 2}, {"depth", 3}, {"expansion", 2}, {"activation", "relu"}},
           plain_transformer(2, false)},
          {"causal_transformer",
           {{"width", 4}, {"heads", 1}, {"depth", 1}},
           plain_transformer(1, true)}};
}

Tensor gradient(const Output& output, const Tensor& weights, const Tensor& feature_weights,
                const Tensor& leaf, bool again = false) {
  const Tensor sum = (output.logits * weights).sum() + (output.features * feature_weights).sum();
  return torch::autograd::grad({sum}, {leaf}, {}, again, again)[0];
}

}  // namespace

TEST_CASE("gru and causal_transformer agree with plain implementations in value and gradient") {
  at::manual_seed(1);
  for (const Case& c : cases()) {
    for (const auto& [length, rows, shared] :
         {std::tuple(1, 3, false), std::tuple(6, 17, false), std::tuple(5, 4, true)}) {
      CAPTURE(c.model, length, rows, shared);
      constexpr std::int64_t kReplicas = 2;
      const auto model = make(c.model, c.options, ModelContext{{length, 5}, 3});
      const Tensor parameters = moved(*model, kReplicas).requires_grad_(true);
      const Tensor x = at::randn({shared ? 1 : kReplicas, rows, length, 5});
      const Output got = model->forward(parameters, x);
      const Tensor weights = at::randn(got.logits.sizes());
      const Tensor feature_weights = at::randn(got.features.sizes());
      const Tensor slopes = gradient(got, weights, feature_weights, parameters);
      for (std::int64_t k = 0; k < kReplicas; ++k) {
        const Tensor own = parameters.detach()[k].to(at::kDouble).requires_grad_(true);
        const auto [features, logits] =
            c.plain(blocks(*model, own), x[shared ? 0 : k].to(at::kDouble));
        CHECK((got.features[k] - features).abs().max().item<double>() < 2e-5);
        CHECK((got.logits[k] - logits).abs().max().item<double>() < 2e-5);
        const Tensor expected = gradient({features, logits}, weights[k], feature_weights[k], own);
        CHECK((slopes[k] - expected).abs().max().item<double>() <
              5e-5 * expected.abs().max().item<double>());
      }
    }
  }
}

TEST_CASE("gru and causal_transformer can be differentiated twice") {
  at::manual_seed(2);
  for (const Case& c : cases()) {
    CAPTURE(c.model);
    const auto model = make(c.model, c.options, ModelContext{{4, 3}, 1});
    const Tensor leaf = moved(*model, 2).to(at::kDouble).requires_grad_(true);
    const Tensor x = at::randn({2, 5, 4, 3}).to(at::kDouble);
    const auto slopes = [&](const Tensor& at, bool again) {
      const Output output = model->forward_differentiable(at, x);
      return gradient(output, at::ones_like(output.logits), at::zeros_like(output.features), at,
                      again);
    };
    const Tensor direction = at::randn_like(leaf);
    const Tensor second = torch::autograd::grad({slopes(leaf, true).square().sum()}, {leaf})[0];
    const auto squared = [&](double distance) {
      const Tensor at = (leaf.detach() + distance * direction).requires_grad_(true);
      return slopes(at, false).square().sum().item<double>();
    };
    const double differenced = (squared(1e-6) - squared(-1e-6)) / 2e-6;
    CHECK((second * direction).sum().item<double>() == Approx(differenced).epsilon(1e-4));
  }
}

TEST_CASE("a replica of a sequence model has the same bits alone, trained or only evaluated") {
  at::manual_seed(3);
  for (const char* name : {"gru", "causal_transformer"}) {
    CAPTURE(name);
    const auto model = make(name, Value::Table{{"width", 20}}, ModelContext{{9, 6}, 1});
    const Tensor parameters = moved(*model, 3);
    const Tensor x = at::randn({3, 37, 9, 6});
    const auto trained = [&](const Tensor& at, const Tensor& rows) {
      const Tensor leaf = at.detach().clone().requires_grad_(true);
      const Output output = model->forward(leaf, rows);
      const Tensor slopes = torch::autograd::grad({output.logits.square().sum()}, {leaf})[0];
      return std::pair(output.logits.detach(), slopes);
    };
    const auto [logits, slopes] = trained(parameters, x);
    const at::NoGradGuard no_grad;
    CHECK(same_bits(logits, model->forward(parameters, x).logits));
    for (std::int64_t k = 0; k < 3; ++k) {
      const Tensor own = parameters.narrow(0, k, 1);
      const Tensor rows = x.narrow(0, k, 1);
      CHECK(same_bits(logits.narrow(0, k, 1), model->forward(own, rows).logits));
      const at::AutoGradMode with_grad(true);
      CHECK(same_bits(slopes.narrow(0, k, 1), trained(own, rows).second));
    }
  }
}

TEST_CASE("sequence models refuse what they cannot be, and count their operations") {
  for (const char* name : {"gru", "causal_transformer"}) {
    CHECK_THROWS_AS(make(name, Value::Table{}, ModelContext{{7}, 1}), UsageError);
    CHECK_THROWS_AS(make(name, Value::Table{}, ModelContext{{2, 4, 4}, 1}), UsageError);
  }
  CHECK_THROWS_AS(make("causal_transformer", Value::Table{{"width", 10}, {"heads", 4}},
                       ModelContext{{7, 3}, 1}),
                  UsageError);
  // Products only: input and recurrent weights of three gates, the head.
  const auto gru = make("gru", Value::Table{{"width", 8}}, ModelContext{{5, 3}, 2});
  CHECK(gru->forward_flops() == 2.0 * (5 * 3 * 24 + 4 * 8 * 24 + 8 * 2));
  CHECK(gru->parameter_count() == 3 * 24 + 8 * 24 + 2 * 24 + 8 * 2 + 2);
  // Two blocks, of which the second answers at the last position only.
  const auto transformer =
      make("causal_transformer", Value::Table{{"width", 8}, {"heads", 2}}, ModelContext{{5, 3}, 2});
  const auto block = [](double asking) {
    return 5.0 * 2 * 64 + asking * 2 * 64 + asking * 5 * 2 * 8 + asking * 2 * 8 * 32;
  };
  CHECK(transformer->forward_flops() == 2.0 * (5 * 3 * 8 + block(5) + block(1) + 8 * 2));
}

TEST_CASE("the answer of a sequence model reads every position, and order matters") {
  at::manual_seed(4);
  for (const char* name : {"gru", "causal_transformer"}) {
    const auto model = make(name, Value::Table{{"width", 8}}, ModelContext{{5, 3}, 1});
    const Tensor parameters = moved(*model, 1);
    const Tensor x = at::randn({1, 2, 5, 3}).requires_grad_(true);
    const Tensor by_input = torch::autograd::grad(
        {model->forward(parameters.requires_grad_(true), x).logits.sum()}, {x})[0];
    CHECK(by_input.abs().amax({0, 1, 3}).min().item<double>() > 0.0);
    const at::NoGradGuard no_grad;
    CHECK_FALSE(at::allclose(model->forward(parameters, x).logits,
                             model->forward(parameters, x.flip(2)).logits));
  }
}
