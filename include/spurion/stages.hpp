#pragma once

#include <cstdint>
#include <vector>

#include "spurion/export.hpp"
#include "spurion/replicas.hpp"
#include "spurion/tensor.hpp"

namespace spurion {

struct MethodContext;
class ReplicaTrainer;

/// Stages of a method: each has a share of the steps, which may differ between replicas. All stages
/// together have the steps of the trial, so methods with stages cost no more updates than others.
class SPURION_API Stages {
 public:
  /// `shares` in [0, 1]: of the steps of each stage but the last, which has the rest. Stage s + 1
  /// begins at the rounded sum of the shares up to s, times the steps.
  Stages(const std::vector<PerReplica<double>>& shares, const MethodContext& context);

  /// Number of stages.
  [[nodiscard]] std::int64_t count() const { return static_cast<std::int64_t>(first_.size()); }
  /// The step at which a stage begins for a replica.
  [[nodiscard]] std::int64_t first_step(std::int64_t stage, std::int64_t replica) const {
    return first_.at(static_cast<std::size_t>(stage)).at(static_cast<std::size_t>(replica));
  }
  /// Number of steps of a stage for a replica; may be 0.
  [[nodiscard]] std::int64_t steps(std::int64_t stage, std::int64_t replica) const;
  /// The stage of a replica at a step: the last that has begun.
  [[nodiscard]] std::int64_t stage(std::int64_t step, std::int64_t replica) const;
  /// bool [K] in host memory: replicas that are in this stage at this step.
  [[nodiscard]] Tensor inside(std::int64_t stage, std::int64_t step) const;
  /// bool [K] in host memory: replicas whose stage begins at this step. An empty stage begins with
  /// the next one.
  [[nodiscard]] Tensor begins(std::int64_t stage, std::int64_t step) const;
  /// Whether the stage of any replica begins at this step.
  [[nodiscard]] bool any_begins(std::int64_t stage, std::int64_t step) const;
  /// Starts the schedule of the learning rate anew, over the steps of the stage, for the replicas
  /// whose stage begins at the trainer's step. Each stage then has its own warm-up and decay. Call
  /// it before every update. A constant schedule stays as it is.
  void begin_schedules(ReplicaTrainer& trainer) const;

 private:
  std::vector<std::vector<std::int64_t>> first_;  // [stages][K]
  std::int64_t steps_ = 0;                        // of all stages
};

}  // namespace spurion
