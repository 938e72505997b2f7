#pragma once

#include "core/work_clock.hpp"
#include "harness/counting_model.hpp"
#include "spurion/method.hpp"

namespace spurion {

/// Another method whose steps count as training: their time, and the passes through the model.
class TimedMethod final : public Method {
 public:
  TimedMethod(Method& inner, const CountingModel& model) : inner_(&inner), model_(&model) {}

  [[nodiscard]] Access needs() const override { return inner_->needs(); }
  [[nodiscard]] bool needs_second_order() const override { return inner_->needs_second_order(); }
  [[nodiscard]] FullBatchUse full_batch_use() const override { return inner_->full_batch_use(); }
  void step(Trainee& trainee, const Batch& batch) override {
    const core::ActivityScope scope(core::Activity::training);
    model_->set_counting(true);
    inner_->step(trainee, batch);
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
  Method* inner_;
  const CountingModel* model_;
};

}  // namespace spurion
