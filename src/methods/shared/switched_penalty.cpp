#include "methods/shared/switched_penalty.hpp"

#include <ATen/ATen.h>

namespace spurion::methods {

SwitchedPenalty::SwitchedPenalty(const PerReplica<double>& weight,
                                 const PerReplica<std::int64_t>& anneal_steps,
                                 const MethodContext& context)
    : schedule_{per_replica_tensor(weight, context), per_replica_tensor(anneal_steps, context),
                /*initial=*/0.0, /*rescale=*/false} {}

void SwitchedPenalty::before_step(ReplicaTrainer& trainer) const {
  if (trainer.step() == 0) return;
  const Tensor begins = schedule_.anneal_steps.eq(static_cast<double>(trainer.step())).cpu();
  if (begins.any().item<bool>()) trainer.restart(begins, trainer.parameters().detach());
}

}  // namespace spurion::methods
