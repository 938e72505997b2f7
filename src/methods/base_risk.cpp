#include "methods/base_risk.hpp"

#include <ATen/ATen.h>

#include "spurion/losses.hpp"

namespace spurion {

BaseRisk::BaseRisk(const BaseRiskOptions& options, const MethodContext& context)
    : penalty_(options.penalty),
      weight_(per_replica_tensor(options.penalty_weight, context)),
      l2_(per_replica_tensor(options.l2, context)) {}

Access BaseRisk::needs() const {
  Access access;
  access.domain_labels = penalty_ != "none";
  return access;
}

Tensor BaseRisk::operator()(const Output& output, const Batch& batch,
                            const Trainee& trainee) const {
  const Tensor risk = domain_risks(output, batch).mean(1) + l2_penalty(l2_, trainee.parameters());
  if (penalty_ == "none") return risk;
  return risk + weight_ * domain_penalty(penalty_, output, batch, trainee);
}

Tensor domain_penalty(const std::string& name, const Output& output, const Batch& batch,
                      const Trainee& trainee) {
  if (name == "irm_v1") {
    return domain_quantities(losses::RowQuantity::scale_gradient, output, batch, trainee)
        .pow(2)
        .mean(1);
  }
  const Tensor risks = domain_risks(output, batch);
  return (risks - risks.mean(1, true)).pow(2).mean(1);
}

}  // namespace spurion
