#pragma once

#include <cstdint>
#include <string>

#include "spurion/method.hpp"
#include "spurion/schema.hpp"

namespace spurion::regimes {

/// Options of training after phase 0, shared by continual and online training.
struct TuningOptions {
  std::string trainable = "all";
  double lr_multiplier = 1.0;
  std::int64_t warmup_steps = 0;
  bool reset_optimizer = false;

  static const Schema<TuningOptions>& schema() {
    using O = TuningOptions;
    static const auto schema =
        Schema<O>()
            .field("trainable", &O::trainable,
                   "Parameters to train after phase 0: all, last_layer or none.",
                   one_of({"all", "last_layer", "none"}))
            .field("lr_multiplier", &O::lr_multiplier,
                   "Factor that multiplies the learning rate after phase 0.", positive())
            .field("warmup_steps", &O::warmup_steps,
                   "Number of steps over which the learning rate rises from 0 at the start of each "
                   "phase after phase 0.",
                   at_least(0))
            .field("reset_optimizer", &O::reset_optimizer,
                   "Reset the state of the optimiser at the start of each phase.");
    return schema;
  }
};

/// Applies the options to a trainer.
class Tuning {
 public:
  Tuning(TuningOptions options, ReplicaTrainer& trainer);

  /// At the start of a phase.
  void enter(std::int64_t phase);
  /// Before each step.
  void before_step(std::int64_t phase, std::int64_t step);

 private:
  TuningOptions options_;
  ReplicaTrainer* trainer_;
  Tensor trainable_;  // bool [P]; undefined when everything is trained
};

}  // namespace spurion::regimes
