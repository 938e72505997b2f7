#include "harness/measure/anchored_policy.hpp"

#include <ATen/ATen.h>

#include <cmath>
#include <tuple>
#include <vector>

#include "core/measurement_names.hpp"

namespace spurion::harness {

namespace {

/// A policy that is surer than this of one action has no other left.
constexpr double kCollapsed = 0.99;

/// A function of each replica's [B, A], stacked. The last bits of functions of many numbers depend
/// on how many there are, so replicas are not looked at together.
template <class Function>
Tensor each_replica(const Tensor& values, const Function& function) {
  std::vector<Tensor> each;
  for (std::int64_t k = 0; k < values.size(0); ++k) {
    each.push_back(function(values[k].to(at::kDouble).contiguous(), k));
  }
  return at::stack(each);
}

/// log softmax of logits [K, B, A], float64.
Tensor log_of(const Tensor& logits) {
  return each_replica(logits, [](const Tensor& own, std::int64_t) { return own.log_softmax(1); });
}

/// KL(p || q) of each state, [K, B], from log-probabilities.
Tensor kl_between(const Tensor& log_p, const Tensor& log_q) {
  return each_replica(log_p, [&](const Tensor& own, std::int64_t k) {
    return (own.exp() * (own - log_q[k])).sum(1);
  });
}

Tensor entropy_of(const Tensor& log_p) {
  return each_replica(log_p,
                      [](const Tensor& own, std::int64_t) { return -(own.exp() * own).sum(1); });
}

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
  return log_of((beta * log_of(prior) + reward) / total);
}

void AnchoredPolicy::add(const States& states) {
  const Tensor policy = log_of(states.logits);
  const Tensor prior = log_of(states.prior);
  entropy_.add(entropy_of(policy), states.going);
  prior_entropy_.add(entropy_of(prior), states.going);
  divergence_.add(kl_between(policy, prior), states.going);
  collapsed_.add(std::get<0>(policy.max(2)).gt(std::log(kCollapsed)), states.going);
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
