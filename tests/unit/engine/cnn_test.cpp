#include <ATen/ATen.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/nn/modules/activation.h>
#include <torch/nn/modules/container/sequential.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/modules/linear.h>
#include <torch/nn/modules/normalization.h>
#include <torch/nn/modules/pooling.h>

#include "catch.hpp"
#include "spurion/catalog.hpp"
#include "unit/replicas.hpp"

using namespace spurion;
using spurion::tests::keys;
using spurion::tests::moved;
using spurion::tests::same_bits;

namespace {

std::unique_ptr<Model> make(const Value& given, const ModelContext& context) {
  const Catalog catalog = builtin_catalog();
  const auto& entry = catalog.models.at("cnn");
  Problems problems;
  const Value options = entry.schema.normalise(given, "cnn", problems);
  problems.raise();
  return entry.make({options}, context);
}

struct ChannelGroups {
  std::int64_t channels;
  std::int64_t groups;
};

/// The network of torch::nn with the parameters of one replica, [P], in float64.
torch::nn::Sequential plain(const Model& model, const Tensor& parameters, const Shape& image,
                            const ChannelGroups& layer_channels, std::int64_t outputs) {
  const auto [channels, groups] = layer_channels;
  torch::nn::Sequential net;
  std::int64_t in = image[0];
  for (const std::int64_t layer : {0, 1, 2, 3}) {
    const std::int64_t out = layer == 0 ? channels : 2 * channels;
    net->push_back(torch::nn::Conv2d(
        torch::nn::Conv2dOptions(in, out, 3).stride(layer == 1 ? 2 : 1).padding(1)));
    net->push_back(torch::nn::ReLU());
    net->push_back(torch::nn::GroupNorm(groups, out));
    in = out;
  }
  net->push_back(torch::nn::AdaptiveAvgPool2d(1));
  net->push_back(torch::nn::Flatten());
  net->push_back(torch::nn::Linear(in, outputs));
  net->to(at::kDouble);
  const at::NoGradGuard no_grad;
  std::size_t i = 0;
  for (Tensor& target : net->parameters()) {
    const ParameterBlock& block = model.layout()[i++];
    const Tensor source =
        parameters.narrow(0, block.offset, element_count(block.shape)).reshape(block.shape);
    target.copy_(block.shape.size() == 2 ? source.t() : source);
  }
  return net;
}

/// The gradient of torch::nn's network in the layout of the model, [P].
Tensor flat_gradient(torch::nn::Sequential& net) {
  std::vector<Tensor> parts;
  for (const Tensor& parameter : net->parameters()) {
    const Tensor gradient = parameter.grad();
    parts.push_back((gradient.dim() == 2 ? gradient.t() : gradient).reshape(-1));
  }
  return at::cat(parts);
}

struct Case {
  std::int64_t channels;
  std::int64_t groups;
  Shape image;
  std::int64_t rows;
  std::int64_t replicas;
  bool shared;
};

}  // namespace

TEST_CASE("the cnn agrees with torch::nn in value and gradient over many shapes") {
  at::manual_seed(1);
  const Case cases[] = {{8, 8, {2, 7, 5}, 3, 2, false},   {8, 4, {1, 6, 6}, 16, 1, false},
                        {10, 5, {3, 9, 4}, 17, 2, true},  {8, 8, {2, 1, 1}, 2, 1, false},
                        {5, 1, {1, 2, 11}, 33, 2, false}, {16, 8, {2, 28, 28}, 5, 1, false},
                        {8, 2, {4, 3, 1}, 1, 3, true}};
  for (const Case& c : cases) {
    CAPTURE(c.channels, c.groups, c.image, c.rows, c.replicas);
    const auto model = make(Value::Table{{"channels", c.channels}, {"groups", c.groups}},
                            ModelContext{c.image, 3});
    const Tensor parameters = moved(*model, c.replicas).requires_grad_(true);
    Shape shape = c.image;
    shape.insert(shape.begin(), {c.shared ? 1 : c.replicas, c.rows});
    const Tensor x = at::randn(shape);
    const Tensor weights = at::randn({c.replicas, c.rows, 3});
    const Output output = model->forward(parameters, x);
    const Tensor gradient =
        torch::autograd::grad({(output.logits * weights).sum()}, {parameters})[0];
    for (std::int64_t k = 0; k < c.replicas; ++k) {
      auto net =
          plain(*model, parameters.detach()[k].to(at::kDouble), c.image, {c.channels, c.groups}, 3);
      const Tensor logits = net->forward(x[c.shared ? 0 : k].to(at::kDouble));
      CHECK((output.logits[k] - logits).abs().max().item<double>() < 1e-5);
      (logits * weights[k]).sum().backward();
      const Tensor expected = flat_gradient(net);
      CHECK((gradient[k] - expected).abs().max().item<double>() <
            2e-5 * expected.abs().max().item<double>());
    }
  }
}

TEST_CASE("gradients of the cnn's features arrive too, and derivatives of derivatives in float64") {
  at::manual_seed(2);
  const auto model = make(Value::Table{{"channels", 8}}, ModelContext{{2, 7, 5}, 1});
  const Tensor fast = moved(*model, 2).requires_grad_(true);
  const Tensor slow = fast.detach().to(at::kDouble).requires_grad_(true);
  const Tensor x = at::randn({2, 19, 2, 7, 5});
  const Tensor weights = at::randn({2, 19, 16});
  const Tensor g =
      torch::autograd::grad({(model->forward(fast, x).features * weights).sum()}, {fast})[0];
  const Output reference = model->forward_differentiable(slow, x.to(at::kDouble));
  const Tensor h = torch::autograd::grad({(reference.features * weights).sum()}, {slow}, {},
                                         /*retain_graph=*/true, /*create_graph=*/true)[0];
  CHECK((g - h).abs().max().item<double>() < 2e-5 * h.abs().max().item<double>());

  // The derivative of the squared gradient along a direction, against differences.
  const Tensor direction = at::randn_like(slow);
  const Tensor second = torch::autograd::grad({h.square().sum()}, {slow})[0];
  const auto squared = [&](double distance) {
    const Tensor at = (slow.detach() + distance * direction).requires_grad_(true);
    const Tensor features = model->forward_differentiable(at, x.to(at::kDouble)).features;
    return torch::autograd::grad({(features * weights).sum()}, {at})[0]
        .square()
        .sum()
        .item<double>();
  };
  const double differenced = (squared(1e-6) - squared(-1e-6)) / 2e-6;
  CHECK((second * direction).sum().item<double>() == Approx(differenced).epsilon(1e-4));
}

TEST_CASE("a replica of the cnn has the same bits alone, and an image the same in any company") {
  at::manual_seed(3);
  const auto model = make(Value::Table{{"channels", 8}}, ModelContext{{2, 7, 5}, 1});
  const Tensor parameters = moved(*model, 3);
  const Tensor x = at::randn({3, 37, 2, 7, 5});
  const auto gradient = [&](const Tensor& at, const Tensor& rows) {
    const Tensor leaf = at.detach().clone().requires_grad_(true);
    return torch::autograd::grad({model->forward(leaf, rows).logits.square().sum()}, {leaf})[0];
  };
  const Tensor together = model->forward(parameters, x).logits;
  const Tensor gradients = gradient(parameters, x);
  CHECK(same_bits(gradients, gradient(parameters, x)));
  for (std::int64_t k = 0; k < 3; ++k) {
    const Tensor own = parameters.narrow(0, k, 1).contiguous();
    const Tensor rows = x.narrow(0, k, 1);
    CHECK(same_bits(together.narrow(0, k, 1), model->forward(own, rows).logits));
    CHECK(same_bits(gradients.narrow(0, k, 1), gradient(own, rows)));
    CHECK(same_bits(together.narrow(0, k, 1).narrow(1, 20, 5),
                    model->forward(own, rows.narrow(1, 20, 5)).logits));
  }
}

TEST_CASE("the cnn starts as torch's layers do") {
  const auto model = make(Value::Table{{"channels", 32}}, ModelContext{{2, 8, 8}, 1});
  const Tensor parameters = model->initialise(keys(1))[0];
  for (const ParameterBlock& block : model->layout()) {
    CAPTURE(block.name);
    const Tensor values = parameters.narrow(0, block.offset, element_count(block.shape));
    if (block.name.rfind("norm", 0) == 0) {
      CHECK(
          values.eq(block.name.find("weight") != std::string::npos ? 1.0 : 0.0).all().item<bool>());
    } else if (block.shape.size() == 4) {
      // U(-b, b) with b = 1 / sqrt(9 in): variance b^2 / 3, over thousands of draws or some
      // hundred.
      const double bound = 1.0 / std::sqrt(9.0 * static_cast<double>(block.shape[1]));
      CHECK(values.abs().max().item<double>() <= bound);
      CHECK(values.var().item<double>() == Approx(bound * bound / 3.0).epsilon(0.15));
    } else {
      CHECK(values.abs().max().item<double>() > 0.0);
    }
  }
}

TEST_CASE("a greyscale cnn cannot see the channel, and impossible shapes are refused") {
  at::manual_seed(4);
  const Value grey = Value::Table{{"channels", 8}, {"greyscale", true}};
  const auto model = make(grey, ModelContext{{2, 4, 4}, 1});
  const Tensor parameters = moved(*model, 2);
  const Tensor x = at::randn({1, 5, 2, 4, 4});
  CHECK(at::allclose(model->forward(parameters, x).logits,
                     model->forward(parameters, x.flip(2)).logits, 1e-4, 1e-5));
  CHECK_THROWS_AS(make(Value::Table{}, ModelContext{{7}, 1}), UsageError);
  CHECK_THROWS_AS(make(Value::Table{{"channels", 12}}, ModelContext{{2, 4, 4}, 1}), UsageError);
}

TEST_CASE("the cnn counts the operations of sums over taps") {
  const auto model = make(Value::Table{{"channels", 8}}, ModelContext{{2, 28, 28}, 1});
  const double first = 2.0 * 9 * 2 * 8 * 784;
  const double second = 2.0 * 9 * 8 * 16 * 196;
  const double third = 2.0 * 9 * 16 * 16 * 196;
  const double forward = first + second + 2.0 * third + 2.0 * 16;
  CHECK(model->forward_flops() == forward);
  CHECK(model->step_flops() == 3.0 * forward - first);
  CHECK(model->activation_bytes() == 4.0 * (2 * 784 + 8 * 784 + 3 * 16 * 196));
}
