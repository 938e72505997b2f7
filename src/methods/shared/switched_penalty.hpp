#pragma once

#include "methods/shared/penalty_schedule.hpp"
#include "spurion/method.hpp"

namespace spurion::methods {

/// A penalty as in DomainBed's code of the methods that penalise features or gradients: its weight
/// is 0 before step `anneal_steps`, and the optimiser forgets its moments at that step.
class SwitchedPenalty {
 public:
  SwitchedPenalty(const PerReplica<double>& weight, const PerReplica<std::int64_t>& anneal_steps,
                  const MethodContext& context);

  /// Weights [K] at this step.
  [[nodiscard]] Tensor weight(std::int64_t step) const { return schedule_.at(step); }
  /// Call it before the forward pass of each step: restarts the optimiser of the replicas whose
  /// penalty begins now.
  void before_step(ReplicaTrainer& trainer) const;

 private:
  PenaltySchedule schedule_;
};

}  // namespace spurion::methods
