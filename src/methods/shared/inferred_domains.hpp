#pragma once

#include <string>

#include "methods/shared/l2_option.hpp"
#include "methods/shared/penalty_schedule.hpp"
#include "spurion/method.hpp"

namespace spurion::methods {

/// What is minimised over domains that a method inferred: IRMv1's loss or group DRO's, with the
/// defaults and ranges of `irm_v1` and `group_dro`.
struct InferredDomainOptions : L2Option {
  std::string objective = "irm_v1";
  PerReplica<double> penalty_weight = 10000.0;
  PerReplica<std::int64_t> anneal_steps = 100;
  bool rescale = true;
  PerReplica<double> step_size = 0.01;

  static const Schema<InferredDomainOptions>& schema() {
    using O = InferredDomainOptions;
    static const auto schema =
        Schema<O>()
            .field("objective", &O::objective,
                   "Loss over the inferred domains. irm_v1: risk plus the squared gradient of a "
                   "dummy scale. group_dro: weighted risk.",
                   one_of({"irm_v1", "group_dro"}))
            .field("penalty_weight", &O::penalty_weight, "Multiplier w of IRMv1's penalty.",
                   at_least(0), log_uniform(1e2, 1e6))
            .field("anneal_steps", &O::anneal_steps,
                   "Steps of the last stage before that weight changes from 1 to penalty_weight.",
                   at_least(0), uniform_integer(50, 250))
            .field("rescale", &O::rescale,
                   "Divide the loss by the weight if the weight is above 1. Adam remembers the "
                   "larger gradients from before, so it makes small updates for a while.")
            .field("step_size", &O::step_size,
                   "Step size of the ascent on the weights of group DRO.", at_least(0),
                   log_uniform(1e-3, 1e-1))
            .include(L2Option::schema());
    return schema;
  }
};

/// That loss. A domain that has no row in a minibatch does not count there: in the means of IRMv1
/// it is left out, in group DRO its weight stays.
class InferredDomainLoss {
 public:
  InferredDomainLoss(const InferredDomainOptions& options, const MethodContext& context);

  [[nodiscard]] bool group_dro() const { return group_dro_; }
  /// [K]: `domain` int64 [K, E, B] in 0 .. domains - 1; `step` counts from the stage's first.
  [[nodiscard]] Tensor operator()(const Output& output, const Batch& batch, const Tensor& domain,
                                  std::int64_t domains, std::int64_t step);
  void visit_state(StateVisitor& visit) { visit("weights", weights_); }

 private:
  bool group_dro_;
  PenaltySchedule schedule_;
  Tensor step_size_;
  Tensor weights_;  // [K, domains] of group DRO
};

/// Means of values [K, E, B] over the rows of each part of a minibatch, by the weights of the
/// batch.
struct PartMeans {
  Tensor means;    ///< [K, parts]; 0 for a part without rows
  Tensor present;  ///< float [K, parts]: 1 for a part that has rows, else 0
};
[[nodiscard]] PartMeans part_means(const Tensor& values, const Batch& batch, const Tensor& part,
                                   std::int64_t parts);

}  // namespace spurion::methods
