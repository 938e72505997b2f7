#pragma once

#include "core/work_clock.hpp"
#include "harness/counting_model.hpp"
#include "spurion/method.hpp"

namespace spurion {

/// Another method whose steps count as training: their time, and the passes through the model. Here
/// batches leave host memory, where regimes make them, for the device of what is trained.
class TimedMethod final : public Method {
 public:
  TimedMethod(Method& inner, const CountingModel& model) : inner_(&inner), model_(&model) {}

  [[nodiscard]] Access needs() const override { return inner_->needs(); }
  [[nodiscard]] bool needs_second_order() const override { return inner_->needs_second_order(); }
  [[nodiscard]] FullBatchUse full_batch_use() const override { return inner_->full_batch_use(); }
  void check(const Model& model) const override { inner_->check(model); }
  void step(Trainee& trainee, const Batch& batch) override {
    const core::ActivityScope scope(core::Activity::training);
    model_->set_counting(true);
    inner_->step(trainee, trainee.device().is_cpu() ? batch : brought(batch, trainee.device()));
    model_->set_counting(false);
  }
  void begin_phase(Trainee& trainee, std::int64_t phase) override {
    const core::ActivityScope scope(core::Activity::training);
    model_->set_counting(true);
    inner_->begin_phase(trainee, phase);
    model_->set_counting(false);
  }
  void visit_state(StateVisitor& visit) override { inner_->visit_state(visit); }
  [[nodiscard]] std::int64_t max_replicas() const override { return inner_->max_replicas(); }
  [[nodiscard]] double cost_factor() const override { return inner_->cost_factor(); }
  [[nodiscard]] double memory_bytes(const MemorySizes& sizes) const override {
    return inner_->memory_bytes(sizes);
  }

 private:
  /// The batch on a device. One that comes again, such as all rows in every step, was kept there.
  const Batch& brought(const Batch& batch, Device device) {
    if (!batch.x.is_same(last_.x) || !batch.y.is_same(last_.y) ||
        !batch.group.is_same(last_.group) || !batch.weight.is_same(last_.weight)) {
      last_ = batch;
      last_there_ = batch.to(device);
    }
    return last_there_;
  }

  Method* inner_;
  const CountingModel* model_;
  Batch last_;
  Batch last_there_;
};

}  // namespace spurion
