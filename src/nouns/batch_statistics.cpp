#include <ATen/ATen.h>
#include <torch/csrc/autograd/autograd.h>

#include "nouns/border_checks.hpp"
#include "spurion/error.hpp"
#include "spurion/method.hpp"

/// \file
/// What a trainer does for models with batch normalisation. Their running statistics lie among the
/// parameters, so whatever copies, averages or saves parameters has them.

namespace spurion {

namespace {

/// Share of the way that running statistics go in one training pass (Ioffe & Szegedy 2015; the
/// default of torch).
constexpr double kMomentum = 0.1;

}  // namespace

Output ReplicaTrainer::pass(const Tensor& parameters, const Tensor& x) const {
  const Tensor rows = x.to(device());
  if (statistic_columns_.defined() && at::GradMode::is_enabled()) {
    return model_->forward_with_statistics(parameters, rows, 1.0);
  }
  return second_order_ ? model_->forward_differentiable(parameters, rows)
                       : model_->forward_anywhere(parameters, rows);
}

void ReplicaTrainer::add_statistics(const Tensor& statistics) {
  if (!statistic_columns_.defined()) return;
  if (!statistics.defined() || statistics.dim() != 2 || statistics.size(0) != replicas() ||
      statistics.size(1) != statistic_columns_.size(0)) {
    throw PluginError("statistics of rows are " + nouns::text_of(statistics) +
                      ", expected float32 [K, S]");
  }
  statistics_.push_back(statistics.detach());
}

void ReplicaTrainer::move_statistics(Tensor& values, const Tensor& before) {
  const Tensor old = before.index_select(1, statistic_columns_);
  Tensor moved = old;
  for (const Tensor& seen : statistics_) moved = moved + kMomentum * (seen - moved);
  statistics_.clear();
  const Tensor going_on = active_.to(device()).unsqueeze(1);
  values.index_copy_(1, statistic_columns_, at::where(going_on, moved, old));
}

ReplicaTrainer::DomainGradients ReplicaTrainer::joint_domain_gradients(const Batch& batch,
                                                                       bool create_graph) {
  const Tensor risks = domain_risks(forward(batch.x), batch);
  std::vector<Tensor> each;
  for (std::int64_t domain = 0; domain < batch.domains; ++domain) {
    each.push_back(torch::autograd::grad({risks.select(1, domain).sum()}, {parameters_}, {},
                                         /*retain_graph=*/true, create_graph)[0]);
  }
  return {create_graph ? risks : risks.detach(), at::stack(each, 1)};
}

}  // namespace spurion
