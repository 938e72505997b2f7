#include "regimes/shared/trained_policy.hpp"

#include "acting/policy.hpp"
#include "regimes/shared/prequential.hpp"

namespace spurion::regimes {

TrainedPolicy::TrainedPolicy(Run& run, const std::string& stream)
    : run_(&run),
      samples_(run.context.environments.front()->interactive()->acting().samples_actions) {
  for (const RandomKey& key : run.context.order_keys) keys_.push_back(key.child(stream));
}

Tensor TrainedPolicy::logits(const Tensor& inputs) const {
  Batch batch;
  batch.x = inputs;
  batch.rows_per_domain = inputs.size(1);
  batch.task = run_->context.environments.front()->info().task;
  return Prequential::predict(run_->method, run_->trainer, batch);
}

Tensor TrainedPolicy::actions(const Tensor& logits, const acting::Rollout& rollout) const {
  return samples_ ? sampled(logits, rollout) : acting::greedy_actions(logits);
}

Tensor TrainedPolicy::sampled(const Tensor& logits, const acting::Rollout& rollout) const {
  return acting::sampled_actions(logits, keys_, rollout);
}

double TrainedPolicy::flops() const { return run_->trainer.model().forward_flops(); }

}  // namespace spurion::regimes
