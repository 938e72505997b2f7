#include "methods/shared/domain_penalty.hpp"

#include <ATen/ATen.h>

#include "methods/shared/group_weights.hpp"
#include "spurion/losses.hpp"

namespace spurion::methods {

Tensor risk_variance(const Tensor& risks, const Tensor& mean) {
  return (risks - mean).pow(2).mean(1);
}

Tensor gradient_spread(const Tensor& gradients) {
  return (gradients - gradients.mean(1, true)).pow(2).sum(2);
}

Tensor DomainPenalty::operator()(const std::vector<PenalisedRows>& rows,
                                 const ReplicaTrainer& trainer) {
  std::vector<Tensor> each;
  for (const PenalisedRows& part : rows) {
    each.push_back(name_ == "irm_v1" ? domain_quantities(losses::RowQuantity::scale_gradient,
                                                         part.output, part.batch, trainer)
                                     : domain_risks(part.output, part.batch));
  }
  const Tensor values = each.size() == 1 ? each.front() : at::cat(each, 1);  // [K, E]
  if (name_ == "irm_v1") return values.pow(2).mean(1);
  if (name_ == "v_rex") return risk_variance(values, values.mean(1, true));
  if (weights_.defined() && weights_.size(1) != values.size(1)) weights_ = Tensor();
  weights_ = ascended(weights_, step_size_, values);
  return (weights_ * values).sum(1) - values.mean(1);
}

}  // namespace spurion::methods
