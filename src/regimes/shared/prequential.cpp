#include "regimes/shared/prequential.hpp"

#include <ATen/ATen.h>

#include "core/measurement_names.hpp"
#include "core/work_clock.hpp"
#include "spurion/losses.hpp"

namespace spurion::regimes {

Prequential::Prequential(const RegimeContext& context) : context_(&context) {
  const auto replicas = static_cast<std::int64_t>(context.environments.size());
  accuracy_ = at::zeros({replicas}, at::kDouble);
  loss_ = at::zeros({replicas}, at::kDouble);
}

void Prequential::enter(std::int64_t phase, const std::vector<Phase>& each, std::int64_t steps,
                        std::int64_t windows) {
  phase_ = phase;
  steps_ = steps;
  windows_ = windows;
  domain_ = each.front().domain;
  domain_.name = core::stored_domain(core::MeasuredIn::stream);
  const auto replicas = static_cast<std::int64_t>(each.size());
  bayes_ = at::empty({replicas}, at::kDouble);
  invariant_ = at::empty({replicas}, at::kDouble);
  const Environment* last = nullptr;
  Ceilings ceilings;
  for (std::int64_t k = 0; k < replicas; ++k) {
    const auto& environment = context_->environments[static_cast<std::size_t>(k)];
    if (environment.get() != last) {
      ceilings = phase_ceilings(*environment, each[static_cast<std::size_t>(k)]);
      last = environment.get();
    }
    bayes_[k] = ceilings.bayes.value;
    invariant_[k] = ceilings.invariant.value;
  }
}

Tensor Prequential::predict(const Method& method, ReplicaTrainer& trainer, const Batch& batch) {
  const core::ActivityScope scope(core::Activity::evaluation);
  const at::NoGradGuard no_grad;
  const Evaluated evaluated = method.evaluated(trainer);
  if (!evaluated.plain()) {
    return evaluated_logits(evaluated, trainer, {0, trainer.replicas()},
                            batch.x.to(trainer.device()), batch.task)
        .to(at::kCPU);
  }
  return trainer.forward(batch.x).logits.to(at::kCPU);
}

void Prequential::count(const Batch& batch, const Tensor& logits, const Tensor& choice) {
  const core::ActivityScope scope(core::Activity::evaluation);
  const at::NoGradGuard no_grad;
  const Tensor targets = batch.y.flatten(1);
  loss_ += losses::row_loss(batch.task, logits, targets).to(at::kDouble).mean(1);
  if (batch.task != Task::regression) {
    accuracy_ += choice.eq(targets).to(at::kDouble).mean(1);
  }
  ++batches_;
  rows_ += batch.domains * batch.rows_per_domain;
}

bool Prequential::after_step(const ReplicaTrainer& trainer, Evaluator& evaluator,
                             std::int64_t step) {
  // The last step of each of `windows_` equal parts of the phase.
  if ((step + 1) * windows_ / steps_ == step * windows_ / steps_ || batches_ == 0) return false;
  const core::ActivityScope scope(core::Activity::evaluation);
  const auto count = static_cast<double>(batches_);
  const auto record = [&](core::MetricId metric, const Tensor& values) {
    evaluator.record(trainer, phase_, domain_, core::stored_name(metric), values);
  };
  const Tensor loss = loss_ / count;
  const bool accuracy = context_->environments.front()->info().score() == Score::accuracy;
  if (accuracy) record(core::MetricId::prequential_accuracy, accuracy_ / count);
  record(core::MetricId::prequential_loss, loss);
  record(core::MetricId::window_rows,
         at::full({trainer.replicas()}, static_cast<double>(rows_), at::kDouble));
  record(core::MetricId::regret, accuracy ? bayes_ - accuracy_ / count : loss - bayes_);
  record(core::MetricId::invariant_regret,
         accuracy ? invariant_ - accuracy_ / count : loss - invariant_);
  accuracy_.zero_();
  loss_.zero_();
  batches_ = 0;
  rows_ = 0;
  return true;
}

void Prequential::visit_state(StateVisitor& visit) {
  visit("accuracy", accuracy_);
  visit("loss", loss_);
  visit("batches", batches_);
  visit("rows", rows_);
}

}  // namespace spurion::regimes
