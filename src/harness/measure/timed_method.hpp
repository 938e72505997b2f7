#pragma once

#include "core/failure.hpp"
#include "core/work_clock.hpp"
#include "harness/measure/counting_model.hpp"
#include "spurion/method.hpp"

namespace spurion::harness {

/// Wraps a method of a trial. It attributes errors to the method, and wrong minibatches to the
/// regime. Time and passes of a step count as training. It moves minibatches from host memory to
/// the device of the trainer.
class TimedMethod final : public Method {
 public:
  struct Border {
    core::Part method;
    core::Part regime;
    const EnvironmentInfo* info = nullptr;
  };
  TimedMethod(Method& inner, const CountingModel& model, Border border)
      : inner_(&inner), model_(&model), border_(std::move(border)) {}

  [[nodiscard]] Access needs() const override { return inner_->needs(); }
  [[nodiscard]] bool needs_second_order() const override { return inner_->needs_second_order(); }
  [[nodiscard]] RiskInput risk_input() const override { return inner_->risk_input(); }
  [[nodiscard]] RowRequest row_request() const override { return inner_->row_request(); }
  [[nodiscard]] std::vector<OwnBlock> own_blocks(const Model& model) const override {
    return core::blamed(border_.method, [&] { return inner_->own_blocks(model); });
  }
  [[nodiscard]] Evaluated evaluated(const ReplicaTrainer& trainer) const override {
    return core::blamed(border_.method, [&] { return inner_->evaluated(trainer); });
  }
  [[nodiscard]] std::optional<ReferenceModel> reference(
      const ReplicaTrainer& trainer) const override {
    return core::blamed(border_.method, [&] { return inner_->reference(trainer); });
  }
  [[nodiscard]] std::unique_ptr<Adapter> adapter(const ReplicaTrainer& trainer) const override {
    return core::blamed(border_.method, [&] { return inner_->adapter(trainer); });
  }
  void check(const Model& model) const override { inner_->check(model); }
  void step(ReplicaTrainer& trainer, const Batch& batch) override;
  [[nodiscard]] Tensor state_values(ReplicaTrainer& trainer, const Tensor& x) const override;
  void begin_phase(ReplicaTrainer& trainer, std::int64_t phase) override;
  void visit_state(StateVisitor& visit) override {
    core::blamed(border_.method, [&] { inner_->visit_state(visit); });
  }
  [[nodiscard]] std::optional<KnownFit> known_fit(std::int64_t replica) const override {
    return core::blamed(border_.method, [&] { return inner_->known_fit(replica); });
  }
  [[nodiscard]] std::int64_t max_replicas() const override { return inner_->max_replicas(); }
  [[nodiscard]] double cost_factor() const override { return inner_->cost_factor(); }
  [[nodiscard]] double memory_bytes(const MemorySizes& sizes) const override {
    return inner_->memory_bytes(sizes);
  }

 private:
  /// The batch on a device. One that comes again, such as all rows in every step, was kept there.
  const Batch& brought(const Batch& batch, Device device);

  Method* inner_;
  const CountingModel* model_;
  Border border_;
  bool stepped_ = false;
  Batch last_;
  Batch last_there_;
};

}  // namespace spurion::harness
