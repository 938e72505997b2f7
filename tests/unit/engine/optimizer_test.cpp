#include "spurion/optimizer.hpp"

#include <ATen/ATen.h>
#include <torch/optim/adam.h>
#include <torch/optim/adamw.h>
#include <torch/optim/sgd.h>

#include "catch.hpp"

using namespace spurion;

namespace {

/// 20 steps on a fixed sequence of gradients, ours for K = 3 and LibTorch's for each replica.
template <class TorchOptimizer, class TorchOptions>
double difference(OptimizerOptions ours, const std::vector<TorchOptions>& theirs) {
  at::manual_seed(7);
  const std::int64_t replicas = static_cast<std::int64_t>(theirs.size());
  Tensor parameters = at::randn({replicas, 37});
  Optimizer optimizer(ours, replicas, 37);
  std::vector<Tensor> leaves;
  std::vector<std::unique_ptr<TorchOptimizer>> optimizers;
  for (std::int64_t k = 0; k < replicas; ++k) {
    leaves.push_back(parameters[k].to(at::kDouble).clone().requires_grad_(true));
    optimizers.push_back(std::make_unique<TorchOptimizer>(std::vector<Tensor>{leaves.back()},
                                                          theirs[static_cast<std::size_t>(k)]));
  }
  const Tensor active = at::ones({replicas}, at::kBool);
  for (int step = 0; step < 20; ++step) {
    const Tensor gradient = at::randn({replicas, 37});
    for (std::int64_t k = 0; k < replicas; ++k) {
      leaves[static_cast<std::size_t>(k)].mutable_grad() = gradient[k].to(at::kDouble);
      optimizers[static_cast<std::size_t>(k)]->step();
    }
    optimizer.step(parameters, gradient, active);
  }
  return (parameters - at::stack(leaves).detach()).abs().max().item<double>();
}

}  // namespace

TEST_CASE("Adam agrees with torch::optim::Adam, replica by replica") {
  OptimizerOptions ours;
  ours.learning_rate = PerReplica<double>(std::vector<double>{1e-3, 1e-2, 0.1});
  ours.weight_decay = PerReplica<double>(std::vector<double>{0.0, 0.1, 0.01});
  using O = torch::optim::AdamOptions;
  CHECK(difference<torch::optim::Adam>(ours, std::vector<O>{O(1e-3), O(1e-2).weight_decay(0.1),
                                                            O(0.1).weight_decay(0.01)}) < 1e-5);
}

TEST_CASE("AdamW agrees with torch::optim::AdamW") {
  OptimizerOptions ours;
  ours.name = "adamw";
  ours.learning_rate = 1e-2;
  ours.weight_decay = 0.1;
  using O = torch::optim::AdamWOptions;
  CHECK(difference<torch::optim::AdamW>(ours, std::vector<O>(3, O(1e-2).weight_decay(0.1))) < 1e-5);
}

TEST_CASE("SGD with momentum agrees with torch::optim::SGD") {
  OptimizerOptions ours;
  ours.name = "sgd";
  ours.learning_rate = PerReplica<double>(std::vector<double>{1e-2, 0.1});
  ours.momentum = 0.9;
  ours.weight_decay = 0.01;
  using O = torch::optim::SGDOptions;
  CHECK(difference<torch::optim::SGD>(
            ours, std::vector<O>{O(1e-2).momentum(0.9).weight_decay(0.01),
                                 O(0.1).momentum(0.9).weight_decay(0.01)}) < 1e-5);
}

TEST_CASE("an inactive replica is left untouched bit for bit") {
  OptimizerOptions options;
  Optimizer optimizer(options, 2, 5);
  Tensor parameters = at::ones({2, 5});
  const Tensor before = parameters.clone();
  Tensor active = at::ones({2}, at::kBool);
  active[1] = false;
  Tensor gradient = at::ones({2, 5});
  gradient[1] = std::numeric_limits<float>::quiet_NaN();
  optimizer.step(parameters, gradient, active);
  CHECK(at::equal(parameters[1], before[1]));
  CHECK_FALSE(at::equal(parameters[0], before[0]));
}

TEST_CASE("clipping bounds the norm of each replica's gradient") {
  OptimizerOptions options;
  options.name = "sgd";
  options.learning_rate = 1.0;
  options.clip_norm = PerReplica<double>(std::vector<double>{0.5, 0.0});
  Optimizer optimizer(options, 2, 4);
  Tensor parameters = at::zeros({2, 4});
  optimizer.step(parameters, at::full({2, 4}, 3.0), at::ones({2}, at::kBool));
  CHECK(parameters[0].norm().item<double>() == Approx(0.5).epsilon(1e-5));
  CHECK(parameters[1].norm().item<double>() == Approx(6.0).epsilon(1e-5));
}
