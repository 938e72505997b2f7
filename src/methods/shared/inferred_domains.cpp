#include "methods/shared/inferred_domains.hpp"

#include <ATen/ATen.h>

#include <vector>

#include "methods/shared/group_weights.hpp"
#include "spurion/losses.hpp"
#include "spurion/row_tools.hpp"

namespace spurion::methods {

PartMeans part_means(const Tensor& values, const Batch& batch, const Tensor& part,
                     std::int64_t parts) {
  const Tensor flat = values.flatten(1);
  const Tensor of_row = part.flatten(1);
  const Tensor one = at::ones({1, flat.size(1)}, flat.options());
  std::vector<Tensor> means;
  std::vector<Tensor> present;
  for (std::int64_t p = 0; p < parts; ++p) {
    Tensor weights = of_row.eq(p).to(flat.scalar_type());
    if (batch.weight.defined()) weights = weights * batch.weight.flatten(1);
    const Tensor share = weighted_mean(weights, one);
    const Tensor has = share.gt(0.0);
    // Divided by 1 where there is no row, so that neither the mean nor its gradient is 0 / 0.
    means.push_back(weighted_mean(flat, weights) / at::where(has, share, at::ones_like(share)));
    present.push_back(has.to(flat.scalar_type()));
  }
  return {at::stack(means, 1), at::stack(present, 1)};
}

namespace {

/// The mean over the parts that have rows, [K].
Tensor mean_present(const Tensor& values, const Tensor& present) {
  return (values * present).sum(1) / present.sum(1).clamp_min(1.0);
}

}  // namespace

InferredDomainLoss::InferredDomainLoss(const InferredDomainOptions& options,
                                       const MethodContext& context)
    : group_dro_(options.objective == "group_dro"),
      schedule_{per_replica_tensor(options.penalty_weight, context),
                per_replica_tensor(options.anneal_steps, context), /*initial=*/1.0,
                options.rescale},
      step_size_(per_replica_tensor(options.step_size, context)) {}

Tensor InferredDomainLoss::operator()(const Output& output, const Batch& batch,
                                      const Tensor& domain, std::int64_t domains,
                                      std::int64_t step) {
  const auto [risks, present] = part_means(row_losses(output, batch), batch, domain, domains);
  if (group_dro_) {
    weights_ = ascended(weights_, step_size_, risks);
    return (weights_ * risks).sum(1);
  }
  const Tensor slopes = losses::scale_gradient(batch.task, output.logits, batch.y.flatten(1))
                            .reshape({output.logits.size(0), batch.domains, batch.rows_per_domain});
  const Tensor penalties = part_means(slopes, batch, domain, domains).means.pow(2);
  return schedule_.combine(mean_present(risks, present), mean_present(penalties, present), step);
}

}  // namespace spurion::methods
