#include "regimes/shared/tuning.hpp"

#include <ATen/ATen.h>

#include <algorithm>
#include <utility>

namespace spurion::regimes {

Tuning::Tuning(TuningOptions options, ReplicaTrainer& trainer)
    : options_(std::move(options)), trainer_(&trainer) {
  const std::int64_t all = trainer.model().parameter_count();
  if (options_.trainable == "last_layer") {
    trainable_ = at::arange(all).ge(trainer.model().last_layer_offset());
  } else if (options_.trainable == "none") {
    trainable_ = at::zeros({all}, at::kBool);
  }
  if (trainable_.defined()) trainable_ = trainable_.to(trainer.device());
}

void Tuning::enter(std::int64_t phase) {
  if (phase > 0 && options_.reset_optimizer) {
    trainer_->optimizer().reset(at::ones({trainer_->replicas()}, at::kBool));
  }
  // What a method does when it is told of the phase is under the limits already.
  before_step(phase, 0);
}

void Tuning::before_step(std::int64_t phase, std::int64_t step) {
  if (phase == 0) return;
  UpdateLimits limits;
  limits.lr_multiplier = options_.lr_multiplier;
  if (step < options_.warmup_steps) {
    limits.lr_multiplier *=
        static_cast<double>(step + 1) / static_cast<double>(options_.warmup_steps);
  }
  limits.trainable = trainable_;
  trainer_->limit_updates(std::move(limits));
}

}  // namespace spurion::regimes
