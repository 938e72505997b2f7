#include <ATen/ATen.h>

#include <algorithm>

#include "core/measurement_names.hpp"
#include "core/work_clock.hpp"
#include "harness/measure/divergence.hpp"
#include "harness/measure/evaluator.hpp"

namespace spurion::harness {

namespace {

Tensor mean_over_domains(const std::vector<Tensor>& each) {
  return each.empty() ? Tensor() : at::stack(each).mean(0);
}

}  // namespace

void PackEvaluator::end(ReplicaTrainer& trainer, std::size_t replica, std::string why) {
  if (!trainer.active().data_ptr<bool>()[replica]) return;
  trainer.freeze(static_cast<std::int64_t>(replica));
  ended_[replica] = std::move(why);
}

PackEvaluator::Values PackEvaluator::score(ReplicaTrainer& trainer, const DomainRowCount& rows,
                                           const ScoredInterventions& actions) {
  if (adapting_) adapt_to(trainer, rows.domain);
  Values values = scorer_.score(trainer, rows, actions);
  for (std::size_t k = 0; k < costs_.size(); ++k) {
    if (scorer_.not_finite()[k]) end(trainer, k, diverged_logits(rows.domain, trainer.step()));
  }
  return values;
}

Tensor PackEvaluator::training_loss(const ReplicaTrainer& trainer) const {
  const bool seen = options_.evaluation.training_rows > 0;
  std::vector<Tensor> each;
  for (const Domain& domain : context_->environments.front()->train_domains()) {
    const std::int64_t rows =
        seen ? std::min(options_.evaluation.training_rows, options_.training.rows)
             : held_out_rows(domain);
    const Values values =
        scorer_.score(trainer, {domain, seen ? Split::train : Split::test, rows}, {});
    if (const auto loss = values.find(core::stored_name(core::MetricId::loss));
        loss != values.end())
      each.push_back(loss->second);
  }
  return mean_over_domains(each);
}

std::vector<double> PackEvaluator::constant_losses() const {
  std::vector<double> each;
  for (const Environment* world : scorer_.distinct()) {
    double squares = 0.0;
    const std::vector<Domain> domains = world->train_domains();
    for (const Domain& domain : domains) {
      if (info_->task != Task::regression) break;
      const std::int64_t rows =
          std::max<std::int64_t>(std::min({options_.training.rows, std::int64_t{1000},
                                           world->row_limit(domain, Split::train)}),
                                 1);
      const Tensor y = world->sample(domain, Split::train, {0, rows}).y;
      squares +=
          y.to(at::kDouble).pow(2).mean().item<double>() / static_cast<double>(domains.size());
    }
    each.push_back(constant_loss(*info_, squares));
  }
  std::vector<double> losses;
  for (std::size_t k = 0; k < costs_.size(); ++k) losses.push_back(each[scorer_.source(k)]);
  return losses;
}

void PackEvaluator::judge_end(ReplicaTrainer& trainer, const std::vector<RandomKey>& keys) {
  const core::ActivityScope scope(core::Activity::evaluation);
  ask_evaluated(trainer);
  const Tensor parameters = trainer.parameters().detach().to(at::kCPU).contiguous();
  const std::int64_t width = parameters.size(1);
  for (std::size_t k = 0; k < costs_.size(); ++k) {
    std::string why = diverged_parameters(
        parameters.data_ptr<float>() + static_cast<std::int64_t>(k) * width, width);
    if (!why.empty()) end(trainer, k, std::move(why));
  }
  if (!last_loss_.defined() || measured_at_ != trainer.step()) last_loss_ = training_loss(trainer);
  if (!last_loss_.defined()) return;  // nothing measures it
  const Tensor trained = last_loss_.to(at::kCPU, at::kDouble).contiguous();
  const std::vector<double> constant = constant_losses();
  std::vector<EndLosses> losses(costs_.size());
  bool suspected = false;
  for (std::size_t k = 0; k < costs_.size(); ++k) {
    losses[k] = {trained.data_ptr<double>()[k], 0.0, constant[k]};
    suspected =
        suspected || (trainer.active().data_ptr<bool>()[k] && !diverged_loss(losses[k]).empty());
  }
  if (!suspected) return;
  // Rare, so only now: what it was before the first update, and on a stream in its last phase.
  const ReplicaTrainer untrained(trainer.model(), trainer.fresh_parameters(keys),
                                 OptimizerOptions());
  const Evaluated trained_method = scorer_.evaluated();
  scorer_.set_evaluated({});
  const Tensor before = training_loss(untrained).to(at::kCPU, at::kDouble).contiguous();
  scorer_.set_evaluated(trained_method);
  Tensor last_phase;
  if (!schedule_.empty()) {
    const Phase& last = schedule_.back();
    const Values values = scorer_.score(
        trainer, {last.domain, Split::test, held_out_rows(last.domain)}, {last.intervention});
    if (const auto loss = values.find(core::stored_name(core::MetricId::loss));
        loss != values.end()) {
      last_phase = loss->second.to(at::kCPU, at::kDouble).contiguous();
    }
  }
  for (std::size_t k = 0; k < costs_.size(); ++k) {
    losses[k].untrained = before.data_ptr<double>()[k];
    if (last_phase.defined()) {
      losses[k].trained = std::min(losses[k].trained, last_phase.data_ptr<double>()[k]);
    }
    std::string why = diverged_loss(losses[k]);
    if (!why.empty()) end(trainer, k, std::move(why));
  }
}

}  // namespace spurion::harness
