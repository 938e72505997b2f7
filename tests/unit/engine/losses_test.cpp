#include "spurion/losses.hpp"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/autograd.h>

#include <limits>

#include "catch.hpp"

using namespace spurion;

namespace {

double largest_difference(const Tensor& a, const Tensor& b) {
  return (a.to(at::kDouble) - b.to(at::kDouble)).abs().max().item<double>();
}

Tensor logits_of(std::int64_t outputs, at::ScalarType type) {
  at::manual_seed(1);
  return (4 * at::randn({3, 37, outputs}, at::kDouble)).to(type);
}

}  // namespace

TEST_CASE("element-wise functions agree with float64 within 2 ulp") {
  const Tensor z = at::linspace(-87, 88, 100001, at::kFloat);
  const Tensor reference = z.to(at::kDouble);
  const auto relative = [](const Tensor& got, const Tensor& want) {
    return ((got.to(at::kDouble) - want) / want).abs().max().item<double>();
  };
  CHECK(relative(losses::exp(z), reference.exp()) < 2.4e-7);
  CHECK(relative(losses::sigmoid(z), reference.sigmoid()) < 2.4e-7);
  CHECK(relative(losses::softplus(z),
                 at::log1p((-reference.abs()).exp()) + reference.clamp_min(0)) < 2.4e-7);
  const Tensor positive = at::linspace(1e-3, 50, 100001, at::kFloat);
  CHECK(largest_difference(losses::log(positive), positive.to(at::kDouble).log()) < 6e-7);
}

TEST_CASE("element-wise functions keep infinities and NaN") {
  const float inf = std::numeric_limits<float>::infinity();
  const Tensor z =
      at::tensor({-inf, inf, std::numeric_limits<float>::quiet_NaN(), -200.0F, 200.0F});
  const auto value = [](const Tensor& t, int i) { return t[i].item<float>(); };
  const Tensor e = losses::exp(z);
  CHECK(value(e, 0) == 0.0F);
  CHECK(value(e, 1) == inf);
  CHECK(std::isnan(value(e, 2)));
  CHECK(value(e, 3) == 0.0F);
  CHECK(value(e, 4) == inf);
  const Tensor s = losses::sigmoid(z);
  CHECK(value(s, 0) == 0.0F);
  CHECK(value(s, 1) == 1.0F);
  CHECK(std::isnan(value(s, 2)));
  CHECK(value(losses::softplus(z), 4) == 200.0F);
  CHECK(std::isnan(value(losses::softplus(z), 2)));
}

TEST_CASE("a value's result does not depend on its place or neighbours") {
  at::manual_seed(2);
  const Tensor z = 5 * at::randn({1000});
  for (const auto function : {losses::exp, losses::sigmoid, losses::softplus}) {
    const Tensor all = function(z);
    for (const std::int64_t size : {1, 7, 33}) {
      for (std::int64_t first = 0; first + size <= 100; first += 13) {
        CHECK(at::equal(function(z.narrow(0, first, size)), all.narrow(0, first, size)));
      }
    }
  }
}

TEST_CASE("row losses agree with LibTorch's own") {
  const Tensor z = logits_of(1, at::kDouble);
  const Tensor y = at::randint(0, 2, {3, 37}, at::kLong);
  CHECK(largest_difference(losses::row_loss(Task::binary, z, y),
                           at::binary_cross_entropy_with_logits(z.squeeze(-1), y.to(at::kDouble),
                                                                {}, {}, 0)) < 1e-12);
  const Tensor many = logits_of(5, at::kDouble);
  const Tensor classes = at::randint(0, 5, {3, 37}, at::kLong);
  CHECK(largest_difference(losses::row_loss(Task::multiclass, many, classes).flatten(),
                           at::cross_entropy_loss(many.flatten(0, 1), classes.flatten(), {}, 0)) <
        1e-12);
  const Tensor target = at::randn({3, 37}, at::kDouble);
  CHECK(largest_difference(losses::row_loss(Task::regression, z, target),
                           (z.squeeze(-1) - target).pow(2)) < 1e-12);
}

TEST_CASE("the closed-form dummy gradients agree with differentiating a dummy scale and bias") {
  for (const Task task : {Task::binary, Task::multiclass, Task::regression}) {
    const Tensor z = logits_of(task == Task::multiclass ? 4 : 1, at::kDouble);
    const Tensor y = task == Task::regression ? at::randn({3, 37}, at::kDouble)
                                              : at::randint(0, 2, {3, 37}, at::kLong);
    Tensor scale = at::ones({3, 37, 1}, at::kDouble).requires_grad_(true);
    Tensor shift = at::zeros({3, 37, 1}, at::kDouble).requires_grad_(true);
    const Tensor loss = losses::row_loss(task, z * scale + shift, y).sum();
    const auto gradients = torch::autograd::grad({loss}, {scale, shift}, {}, {}, false, true);
    CHECK(largest_difference(losses::scale_gradient(task, z, y), gradients[0].squeeze(-1)) < 1e-10);
    if (task != Task::multiclass) {
      CHECK(largest_difference(losses::shift_gradient(task, z, y), gradients[1].squeeze(-1)) <
            1e-10);
    }
  }
}

TEST_CASE("losses can be differentiated twice") {
  Tensor z = logits_of(1, at::kDouble).requires_grad_(true);
  const Tensor y = at::randint(0, 2, {3, 37}, at::kLong);
  const Tensor first =
      torch::autograd::grad({losses::row_loss(Task::binary, z, y).sum()}, {z}, {}, true, true)[0];
  const Tensor second = torch::autograd::grad({first.sum()}, {z})[0];
  const Tensor p = z.detach().sigmoid();
  CHECK(largest_difference(second, p * (1 - p)) < 1e-12);
}

TEST_CASE("fused domain means agree with the plain path in value, gradient and second gradient") {
  using losses::RowQuantity;
  for (const Task task : {Task::binary, Task::regression}) {
    for (const RowQuantity quantity :
         {RowQuantity::loss, RowQuantity::scale_gradient, RowQuantity::shift_gradient}) {
      for (const std::int64_t rows : {1, 13, 700}) {
        at::manual_seed(5);
        const Tensor z = at::randn({3, 2 * rows, 1});
        const Tensor y = task == Task::binary ? at::randint(0, 2, {1, 2, rows}, at::kLong)
                                              : at::randn({1, 2, rows});
        Tensor fast = z.clone().requires_grad_(true);
        Tensor slow = z.to(at::kDouble).requires_grad_(true);
        const Tensor got = losses::domain_means(quantity, task, fast, y);
        const Tensor want = losses::domain_means(quantity, task, slow, y);
        CHECK(largest_difference(got, want) < 2e-6);
        const Tensor seed = at::randn({3, 2});
        CHECK(largest_difference(
                  torch::autograd::grad({got}, {fast}, {seed}, true)[0],
                  torch::autograd::grad({want}, {slow}, {seed.to(at::kDouble)}, true)[0]) < 1e-6);
        // The shift gradient of the squared loss is linear: it has no second derivative to compare.
        if (task == Task::regression && quantity == RowQuantity::shift_gradient) continue;
        const auto second = [](const Tensor& mean, const Tensor& input) {
          const Tensor first = torch::autograd::grad({mean.sum()}, {input}, {}, true, true)[0];
          return torch::autograd::grad({first.pow(2).sum()}, {input})[0];
        };
        CHECK(largest_difference(second(losses::domain_means(quantity, task, fast, y), fast),
                                 second(losses::domain_means(quantity, task, slow, y), slow)) <
              1e-5);
      }
    }
  }
}
