#include "harness/counting_model.hpp"

#include <ATen/ATen.h>

namespace spurion {

void CountingModel::count(const Tensor& parameters, const Tensor& x) const {
  if (!counting_) return;
  const bool graph = at::GradMode::is_enabled() && parameters.requires_grad();
  const auto rows = static_cast<double>(parameters.size(0) * x.size(1));
  flops_ += rows * (graph ? inner_->step_flops() : inner_->forward_flops());
}

}  // namespace spurion
