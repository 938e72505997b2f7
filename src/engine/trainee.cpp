#include <ATen/ATen.h>
#include <torch/csrc/autograd/autograd.h>

#include <cmath>

#include "engine/kernels.hpp"
#include "spurion/error.hpp"
#include "spurion/losses.hpp"
#include "spurion/method.hpp"

namespace spurion {

Trainee::Trainee(const Model& model, Tensor parameters, const OptimizerOptions& optimizer)
    : model_(&model),
      parameters_(parameters.contiguous().detach().clone().requires_grad_(true)),
      active_(at::ones({parameters.size(0)}, at::kBool)),
      last_losses_(at::zeros({parameters.size(0)})),
      optimizer_(optimizer, parameters.size(0), parameters.size(1)),
      diverged_at_(static_cast<std::size_t>(parameters.size(0)), -1) {}

void Trainee::set_parameters(const Tensor& parameters) {
  parameters_ = parameters.contiguous().detach().clone().requires_grad_(true);
}

Output Trainee::forward(const Tensor& x) {
  return second_order_ ? model_->forward_differentiable(parameters_, x)
                       : model_->forward(parameters_, x);
}

void Trainee::descend(const Tensor& losses) {
  const auto gradients = torch::autograd::grad({losses.sum()}, {parameters_});
  apply(losses, gradients[0]);
}

void Trainee::apply(const Tensor& losses, const Tensor& gradient) {
  last_losses_ = losses.detach().contiguous();
  const Tensor dense = gradient.detach().contiguous();
  const std::int64_t count = dense.size(1);
  for (std::int64_t k = 0; k < replicas(); ++k) {
    bool& active = active_.data_ptr<bool>()[k];
    if (!active) continue;
    if (!std::isfinite(last_losses_.data_ptr<float>()[k]) ||
        !engine::all_finite(dense.data_ptr<float>() + k * count, count)) {
      active = false;
      diverged_at_[static_cast<std::size_t>(k)] = step_;
    }
  }
  Tensor values = parameters_.detach();
  optimizer_.step(values, dense, active_);
  ++step_;
}

Tensor Trainee::domain_gradients(const Tensor& domain_losses, bool keep_graph, bool create_graph) {
  const std::int64_t domains = domain_losses.size(1);
  std::vector<Tensor> each;
  each.reserve(static_cast<std::size_t>(domains));
  for (std::int64_t e = 0; e < domains; ++e) {
    const bool last = e + 1 == domains;
    each.push_back(torch::autograd::grad({domain_losses.select(1, e).sum()}, {parameters_}, {},
                                         create_graph || keep_graph || !last, create_graph)[0]);
  }
  return at::stack(each, 1);
}

Tensor domain_risks(const Output& output, const Batch& batch) {
  return losses::domain_means(losses::RowQuantity::loss, batch.task, output.logits, batch.y);
}

Tensor l2_penalty(const Tensor& coefficient, const Tensor& parameters) {
  if (coefficient.eq(0).all().item<bool>()) return at::zeros_like(coefficient);
  return coefficient * (parameters * parameters).sum(1);
}

}  // namespace spurion
