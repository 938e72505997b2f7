#pragma once

#include "core/work_clock.hpp"
#include "spurion/method.hpp"

namespace spurion {

/// Another method whose steps count as training time.
class TimedMethod final : public Method {
 public:
  explicit TimedMethod(Method& inner) : inner_(&inner) {}

  [[nodiscard]] Access needs() const override { return inner_->needs(); }
  [[nodiscard]] bool needs_second_order() const override { return inner_->needs_second_order(); }
  [[nodiscard]] FullBatchUse full_batch_use() const override { return inner_->full_batch_use(); }
  void step(Trainee& trainee, const Batch& batch) override {
    const core::ActivityScope scope(core::Activity::training);
    inner_->step(trainee, batch);
  }
  void begin_phase(Trainee& trainee, std::int64_t phase) override {
    inner_->begin_phase(trainee, phase);
  }
  [[nodiscard]] std::int64_t max_replicas() const override { return inner_->max_replicas(); }
  [[nodiscard]] double cost_factor() const override { return inner_->cost_factor(); }

 private:
  Method* inner_;
};

}  // namespace spurion
