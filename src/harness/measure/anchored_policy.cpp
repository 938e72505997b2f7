#include "harness/measure/anchored_policy.hpp"

#include <ATen/ATen.h>

#include <tuple>

#include "core/measurement_names.hpp"

namespace spurion::harness {

namespace {

/// A policy that is surer than this of one action has no other left.
constexpr double kCollapsed = 0.99;

/// KL(p || q) of each state, [K, B], from log-probabilities in float64.
Tensor kl_between(const Tensor& log_p, const Tensor& log_q) {
  return (log_p.exp() * (log_p - log_q)).sum(2);
}

Tensor entropy_of(const Tensor& log_p) { return -(log_p.exp() * log_p).sum(2); }

/// A number of each replica, [K], beside [K, B, A].
Tensor each_state(const Tensor& numbers) {
  return numbers.to(at::kCPU, at::kDouble).reshape({-1, 1, 1});
}

}  // namespace

Tensor anchored_optimum(const Tensor& prior, const Tensor& reward,
                        const ReferenceModel& reference) {
  const Tensor beta = each_state(reference.anchor);
  Tensor total = beta;
  if (reference.entropy_bonus.defined()) total = beta + each_state(reference.entropy_bonus);
  const Tensor log_prior = prior.to(at::kDouble).log_softmax(2);
  return ((beta * log_prior + reward) / total).log_softmax(2);
}

void AnchoredPolicy::add(const States& states) {
  const Tensor policy = states.logits.to(at::kDouble).log_softmax(2);
  const Tensor prior = states.prior.to(at::kDouble).log_softmax(2);
  entropy_.add(entropy_of(policy), states.going);
  prior_entropy_.add(entropy_of(prior), states.going);
  divergence_.add(kl_between(policy, prior), states.going);
  collapsed_.add(std::get<0>(policy.max(2)).exp().gt(kCollapsed), states.going);
  if (!reference_.anchor.defined() || !states.reward.defined()) return;
  const Tensor best = anchored_optimum(states.prior, states.reward, reference_);
  optimum_entropy_.add(entropy_of(best), states.going);
  from_optimum_.add(kl_between(policy, best), states.going);
  prior_from_optimum_.add(kl_between(prior, best), states.going);
}

void AnchoredPolicy::put(MetricValues& values) const {
  using Id = core::MetricId;
  const auto put = [&](Id id, const StateShare& share) {
    if (share.known()) values[core::stored_name(id)] = share.mean();
  };
  put(Id::policy_entropy, entropy_);
  put(Id::prior_entropy, prior_entropy_);
  put(Id::prior_divergence, divergence_);
  put(Id::collapsed_states, collapsed_);
  put(Id::optimum_entropy, optimum_entropy_);
  put(Id::optimum_divergence, from_optimum_);
  put(Id::prior_optimum_divergence, prior_from_optimum_);
}

}  // namespace spurion::harness
