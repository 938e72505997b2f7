#include "harness/counting_model.hpp"

#include <ATen/ATen.h>

namespace spurion {

engine::DomainRisks CountingModel::risks(const Tensor& parameters, const Tensor& x, const Tensor& y,
                                         Task task) const {
  count(parameters, x, true);
  return risks_->risks(parameters, x, y, task);
}

bool CountingModel::records(const Tensor& parameters) {
  return at::GradMode::is_enabled() && parameters.requires_grad();
}

void CountingModel::count(const Tensor& parameters, const Tensor& x, bool backward) const {
  if (!counting_) return;
  const auto rows = static_cast<double>(parameters.size(0) * x.size(1));
  if (backward) counted_.rows += rows;
  counted_.flops += rows * (backward ? inner_->step_flops() : inner_->forward_flops());
}

}  // namespace spurion
