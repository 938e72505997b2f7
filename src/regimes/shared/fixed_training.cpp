#include "regimes/shared/fixed_training.hpp"

namespace spurion::regimes {

SlotFunction train_domain_slots() {
  return [](const Environment& environment) {
    std::vector<Slot> all;
    for (const Domain& domain : environment.train_domains()) {
      all.push_back({domain, 0, Intervention::none()});
    }
    return all;
  };
}

FixedTraining::FixedTraining(Run& run, const SlotFunction& slots, Options options)
    : run_(&run),
      source_(run.context, slots, run.context.training.rows,
              RowSource::Options{1, options.groups, run.method.row_request(), options.adaptation}),
      adapts_(options.adaptation.has_value()) {
  run.trainer.set_training_set(&source_);
}

FixedTraining::~FixedTraining() { run_->trainer.set_training_set(nullptr); }

void FixedTraining::step(std::int64_t phase, std::int64_t step) {
  if (measure_on_the_way(*run_, phase, step) && adapts_) {
    run_->evaluator.measure(run_->trainer, phase + 1, EvaluationScope::domains);
  }
  train_step(*run_, source_, step);
}

}  // namespace spurion::regimes
