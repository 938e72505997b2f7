#include "harness/measure/timed_method.hpp"

#include <ATen/ATen.h>

#include <array>

#include "nouns/border_checks.hpp"

namespace spurion::harness {

namespace {

/// How often each tensor of a batch was written to.
std::array<std::uint32_t, 8> writes_to(const Batch& batch) {
  std::array<std::uint32_t, 8> counts{};
  std::size_t next = 0;
  for (const Tensor* tensor : {&batch.x, &batch.y, &batch.group, &batch.weight, &batch.number,
                               &batch.advantage, &batch.returns, &batch.log_probability}) {
    if (tensor->defined()) {
      counts[next] = tensor->unsafeGetTensorImpl()->version_counter().current_version();
    }
    ++next;
  }
  return counts;
}

}  // namespace

void TimedMethod::step(ReplicaTrainer& trainer, const Batch& batch) {
  const core::ActivityScope scope(core::Activity::training);
  core::blamed(border_.regime, [&] {
    // Rows of a built-in regime are the environment's, which were looked at when they were made.
    nouns::check_batch(batch, *border_.info, trainer.replicas(),
                       !border_.regime.builtin || !stepped_);
  });
  stepped_ = true;
  const auto before = writes_to(batch);
  model_->set_counting(true);
  core::blamed(border_.method, [&] {
    inner_->step(trainer, trainer.device().is_cpu() ? batch : brought(batch, trainer.device()));
    // The same rows come again in other steps, and to other replicas.
    if (writes_to(batch) != before) throw PluginError("it writes into the batch it is given");
  });
  model_->set_counting(false);
}

void TimedMethod::begin_phase(ReplicaTrainer& trainer, std::int64_t phase) {
  const core::ActivityScope scope(core::Activity::training);
  model_->set_counting(true);
  core::blamed(border_.method, [&] { inner_->begin_phase(trainer, phase); });
  model_->set_counting(false);
}

Tensor TimedMethod::state_values(ReplicaTrainer& trainer, const Tensor& x) const {
  const core::ActivityScope scope(core::Activity::training);
  model_->set_counting(true);
  const Tensor values = core::blamed(border_.method, [&] {
    const at::NoGradGuard no_grad;
    return nouns::checked_state_values(inner_->state_values(trainer, x.to(trainer.device())), x);
  });
  model_->set_counting(false);
  return values;
}

const Batch& TimedMethod::brought(const Batch& batch, Device device) {
  if (!batch.x.is_same(last_.x) || !batch.y.is_same(last_.y) || !batch.group.is_same(last_.group) ||
      !batch.weight.is_same(last_.weight) || !batch.number.is_same(last_.number) ||
      !batch.advantage.is_same(last_.advantage)) {
    last_ = batch;
    last_there_ = batch.to(device);
  }
  return last_there_;
}

}  // namespace spurion::harness
