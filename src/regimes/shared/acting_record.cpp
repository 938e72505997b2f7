#include "regimes/shared/acting_record.hpp"

#include <ATen/ATen.h>

#include "core/measurement_names.hpp"
#include "regimes/shared/acting_costs.hpp"
#include "spurion/interactive.hpp"

namespace spurion::regimes {

ActingRecord::ActingRecord(const RegimeContext& context, std::int64_t lanes, Kind kind)
    : kind_(kind) {
  const Environment& environment = *context.environments.front();
  const std::vector<Domain> domains = environment.train_domains();
  discount_ = environment.interactive()->acting().discount;
  const auto replicas = static_cast<std::int64_t>(context.environments.size());
  const auto count = static_cast<std::int64_t>(domains.size());
  running_ = at::zeros({replicas, count, lanes}, at::kDouble);
  weight_ = at::ones({replicas, count, lanes}, at::kDouble);
  domain_sum_ = at::zeros({replicas, count}, at::kDouble);
  domain_count_ = at::zeros({replicas, count}, at::kDouble);
  recorded_sum_ = at::zeros({replicas}, at::kDouble);
  recorded_count_ = at::zeros({replicas}, at::kDouble);
}

void ActingRecord::add(std::int64_t domain, const Tensor& rewards, const Tensor& done) {
  Tensor running = running_.select(1, domain);
  Tensor weight = weight_.select(1, domain);
  const Tensor reward = rewards.to(at::kDouble);
  const Tensor over = done.to(at::kDouble);
  running.add_(weight * reward);
  weight.mul_(discount_);
  const Tensor ended = (running * over).sum(1);
  domain_sum_.select(1, domain).add_(ended);
  domain_count_.select(1, domain).add_(over.sum(1));
  if (kind_ == Kind::episodes) {
    recorded_sum_.add_(ended);
    recorded_count_.add_(over.sum(1));
  } else {
    recorded_sum_.add_(reward.sum(1));
    recorded_count_.add_(static_cast<double>(reward.size(1)));
  }
  running.mul_(1.0 - over);
  weight.copy_(at::where(done, at::ones_like(weight), weight));
  steps_ += rewards.size(1);
}

Tensor ActingRecord::take_returns() {
  const Tensor means = domain_sum_ / domain_count_;
  domain_sum_.zero_();
  domain_count_.zero_();
  return means;
}

void ActingRecord::write(Run& run, std::int64_t phase) {
  const auto same = [&](std::int64_t count) {
    return at::full({run.trainer.replicas()}, static_cast<double>(count), at::kDouble);
  };
  record_acting(run, phase, core::stored_name(core::MetricId::environment_steps), same(steps_));
  record_acting(run, phase, core::stored_name(core::MetricId::expert_queries), same(0));
  record_acting(run, phase, core::stored_name(core::MetricId::training_return),
                recorded_sum_ / recorded_count_);
  recorded_sum_.zero_();
  recorded_count_.zero_();
}

void ActingRecord::visit_state(StateVisitor& visit) {
  visit("running", running_);
  visit("weight", weight_);
  visit("domain_sum", domain_sum_);
  visit("domain_count", domain_count_);
  visit("recorded_sum", recorded_sum_);
  visit("recorded_count", recorded_count_);
  visit("steps", steps_);
}

}  // namespace spurion::regimes
