#include "regimes/shared/policy_rollouts.hpp"

#include <ATen/ATen.h>

#include <algorithm>
#include <string>
#include <utility>

#include "acting/advantages.hpp"
#include "acting/policy.hpp"
#include "core/work_clock.hpp"
#include "regimes/shared/exploring_policy.hpp"
#include "regimes/shared/row_gather.hpp"

namespace spurion::regimes {

namespace {

/// Where the replicas act in each train domain.
std::vector<acting::Rollout> rollouts_of(const RegimeContext& context) {
  std::vector<acting::Rollout> rollouts;
  for (const Domain& domain : context.environments.front()->train_domains()) {
    rollouts.emplace_back(acting::rollout_place(context.environments, domain, Split::train),
                          context.training.batch);
  }
  return rollouts;
}

}  // namespace

PolicyRollouts::PolicyRollouts(Run& run, const ActingOptions& acting, Options options)
    : run_(&run),
      acting_(acting),
      options_(options),
      replicas_(run.trainer.replicas()),
      lanes_(run.context.training.batch),
      rollouts_(rollouts_of(run.context)),
      costs_(replicas_),
      episodes_(run.context, lanes_) {
  const Environment& environment = *run.context.environments.front();
  const InteractiveEnvironment& world = *environment.interactive();
  domains_ = static_cast<std::int64_t>(rollouts_.size());
  steps_ = rollout_steps(acting, world);
  discount_ = acting.discount > 0.0 ? acting.discount : world.acting().discount;
  for (std::int64_t e = 0; e < domains_; ++e) {
    keys_.emplace_back();
    for (const RandomKey& key : run.context.order_keys) {
      keys_.back().push_back(key.child("actions").child(static_cast<std::uint64_t>(e)));
    }
  }
  if (options.curriculum_step > 0.0) mixture_.emplace(run.context, options.curriculum_step);
}

void PolicyRollouts::act_once(std::int64_t t, Steps& steps) {
  std::vector<Tensor> each;
  for (std::int64_t e = 0; e < domains_; ++e) {
    each.push_back(rollouts_[static_cast<std::size_t>(e)].observe());
    steps.x.select(1, e).select(1, t).copy_(each.back());
  }
  if (t == steps_) return;               // only what is seen in the end
  const Tensor seen = at::cat(each, 1);  // [K, E * B, ...]
  const Tensor log_p = log_policy(run_->trainer.forward(seen).logits, acting_.exploration);
  for (std::int64_t k = 0; k < replicas_; ++k) {
    costs_.count_flops(
        k, static_cast<double>(domains_ * lanes_) * run_->trainer.model().forward_flops());
  }
  for (std::int64_t e = 0; e < domains_; ++e) {
    acting::Rollout& rollout = rollouts_[static_cast<std::size_t>(e)];
    const Tensor own = log_p.narrow(1, e * lanes_, lanes_);
    const Tensor actions =
        acting::sampled_actions(own, keys_[static_cast<std::size_t>(e)], rollout);
    action_.select(1, e).select(1, t).copy_(actions);
    log_probability_.select(1, e).select(1, t).copy_(
        own.gather(2, actions.unsqueeze(2)).squeeze(2));
    const Tensor gained = rollout.step(actions);
    const Tensor over = rollout.done();
    steps.rewards.select(1, e).select(1, t).copy_(gained);
    steps.done.select(1, e).select(1, t).copy_(over);
    count(e, gained, over);
    if (!options_.one_life) rollout.restart_done();
  }
}

void PolicyRollouts::count(std::int64_t domain, const Tensor& rewards, const Tensor& done) {
  for (std::int64_t k = 0; k < replicas_; ++k) costs_.count_steps(k, lanes_);
  const EpisodeReturns::Ended ended = episodes_.add(domain, rewards, done);
  if (options_.one_life) {
    const Tensor steps = at::full({replicas_}, static_cast<double>(lanes_), at::kDouble);
    costs_.count_returns(rewards.to(at::kDouble).sum(1), steps);
  } else {
    costs_.count_returns(ended.sum, ended.count);
  }
}

void PolicyRollouts::act() {
  const core::ActivityScope scope(core::Activity::data);
  const at::NoGradGuard no_grad;
  Shape shape = run_->context.environments.front()->info().input_shape;
  shape.insert(shape.begin(), {replicas_, domains_, steps_ + 1, lanes_});
  const Shape each = {replicas_, domains_, steps_, lanes_};
  Steps steps{at::empty(shape), at::empty(each), at::empty(each, at::kBool)};
  action_ = at::empty(each, at::kLong);
  log_probability_ = at::empty(each);
  for (std::int64_t t = 0; t <= steps_; ++t) act_once(t, steps);
  estimate(steps);
  x_ = steps.x.narrow(2, 0, steps_).flatten(2, 3).contiguous();
  if (mixture_) mixture_->move(episodes_.take_means());
}

void PolicyRollouts::estimate(const Steps& steps) {
  const auto by_step = [](const Tensor& values) {  // [K, E, T, B] as [K, T, E * B]
    return values.transpose(1, 2).flatten(2).contiguous();
  };
  const auto by_domain = [&](const Tensor& values) {
    return values.reshape({replicas_, steps_, domains_, lanes_}).transpose(1, 2).contiguous();
  };
  Tensor values = run_->method.state_values(run_->trainer, steps.x.flatten(1, 3));
  const bool estimated = values.defined();
  values = estimated ? values.reshape({replicas_, domains_, steps_ + 1, lanes_})
                     : at::zeros({replicas_, domains_, steps_ + 1, lanes_});
  const acting::Advantages found =
      acting::generalised_advantages({by_step(steps.rewards), by_step(steps.done), by_step(values)},
                                     discount_, estimated ? acting_.lambda : 1.0);
  advantage_ = by_domain(found.advantage);
  returns_ = by_domain(found.returns);
}

void PolicyRollouts::shuffle(std::int64_t rollout, std::int64_t epoch) {
  const std::int64_t number = rollout * acting_.epochs + epoch;
  if (number == ordered_) return;
  const std::int64_t rows = steps_ * lanes_;
  order_ = at::empty({replicas_, domains_, rows}, at::kLong);
  auto* out = order_.data_ptr<std::int64_t>();
  for (const RandomKey& key : run_->context.order_keys) {
    const RandomKey own = key.child("minibatches").child(static_cast<std::uint64_t>(number));
    for (std::int64_t e = 0; e < domains_; ++e) {
      const auto order = permutation(own.child(static_cast<std::uint64_t>(e)), rows);
      out = std::copy(order.begin(), order.end(), out);
    }
  }
  ordered_ = number;
}

Batch PolicyRollouts::minibatch(std::int64_t number) {
  const core::ActivityScope scope(core::Activity::data);
  const std::int64_t rows = steps_ * lanes_ / acting_.minibatches;
  shuffle(updates_ / (acting_.epochs * acting_.minibatches), number / acting_.minibatches);
  const std::int64_t first = number % acting_.minibatches * rows;
  const Tensor index = order_.narrow(2, first, rows);
  const auto chosen = [&](const Tensor& values) {
    return values.flatten(2).gather(2, index).contiguous();
  };
  Batch batch;
  Shape shape = x_.sizes().slice(3).vec();
  shape.insert(shape.begin(), {replicas_, domains_ * rows});
  batch.x = at::empty(shape);
  auto* out = static_cast<char*>(batch.x.data_ptr());
  const std::size_t bytes = batch.x.nbytes() / static_cast<std::size_t>(replicas_ * domains_);
  for (std::int64_t part = 0; part < replicas_ * domains_; ++part, out += bytes) {
    const auto* own = order_.data_ptr<std::int64_t>() + part * order_.size(2);
    gather_rows(x_[part / domains_][part % domains_], own + first, rows, out);
  }
  batch.y = chosen(action_);
  batch.advantage = chosen(advantage_);
  batch.returns = chosen(returns_);
  batch.log_probability = chosen(log_probability_);
  if (mixture_) batch.weight = mixture_->weights().unsqueeze(2).expand_as(index).contiguous();
  batch.domains = domains_;
  batch.rows_per_domain = rows;
  batch.task = run_->context.environments.front()->info().task;
  return batch;
}

void PolicyRollouts::update() {
  const std::int64_t number = updates_ % (acting_.epochs * acting_.minibatches);
  if (number == 0) act();
  const Batch batch = minibatch(number);
  run_->method.step(run_->trainer, batch);
  UpdateCounts counts;
  counts.rows = batch.domains * batch.rows_per_domain;
  counts.new_labels.assign(static_cast<std::size_t>(replicas_), 0);
  counts.flops = costs_.take_flops();
  ++updates_;
  run_->evaluator.count_update(run_->trainer, counts);
}

void PolicyRollouts::visit_state(StateVisitor& visit) {
  visit("updates", updates_);
  for (std::size_t e = 0; e < rollouts_.size(); ++e) {
    StateVisitor one = visit.inside("domain_" + std::to_string(e));
    rollouts_[e].visit_state(one);
  }
  StateVisitor costs = visit.inside("costs");
  costs_.visit_state(costs);
  StateVisitor episodes = visit.inside("episodes");
  episodes_.visit_state(episodes);
  if (mixture_) {
    StateVisitor mixture = visit.inside("mixture");
    mixture_->visit_state(mixture);
  }
  // Where the last rollout is used up, nobody asks for it again.
  if (updates_ % (acting_.epochs * acting_.minibatches) == 0) return;
  visit("x", x_);
  visit("action", action_);
  visit("log_probability", log_probability_);
  visit("advantage", advantage_);
  visit("returns", returns_);
}

}  // namespace spurion::regimes
