#include "methods/shared/switched_penalty.hpp"

#include <ATen/ATen.h>

namespace spurion::methods {

SwitchedPenalty::SwitchedPenalty(const PerReplica<double>& weight,
                                 const PerReplica<std::int64_t>& anneal_steps,
                                 const MethodContext& context)
    : weight_(per_replica_tensor(weight, context)),
      anneal_steps_(per_replica_tensor(anneal_steps, context)) {}

Tensor SwitchedPenalty::weight(std::int64_t step) const {
  return at::where(anneal_steps_.gt(static_cast<double>(step)), at::zeros_like(weight_), weight_);
}

void SwitchedPenalty::before_step(ReplicaTrainer& trainer) const {
  if (trainer.step() == 0) return;
  const Tensor begins = anneal_steps_.eq(static_cast<double>(trainer.step())).cpu();
  if (begins.any().item<bool>()) trainer.restart(begins, trainer.parameters().detach());
}

}  // namespace spurion::methods
