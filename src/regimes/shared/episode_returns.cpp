#include "regimes/shared/episode_returns.hpp"

#include <ATen/ATen.h>

#include "spurion/interactive.hpp"

namespace spurion::regimes {

EpisodeReturns::EpisodeReturns(const RegimeContext& context, std::int64_t lanes) {
  const Environment& environment = *context.environments.front();
  discount_ = environment.interactive()->acting().discount;
  const auto replicas = static_cast<std::int64_t>(context.environments.size());
  const auto domains = static_cast<std::int64_t>(environment.train_domains().size());
  running_ = at::zeros({replicas, domains, lanes}, at::kDouble);
  weight_ = at::ones({replicas, domains, lanes}, at::kDouble);
  sum_ = at::zeros({replicas, domains}, at::kDouble);
  count_ = at::zeros({replicas, domains}, at::kDouble);
}

EpisodeReturns::Ended EpisodeReturns::add(std::int64_t domain, const Tensor& rewards,
                                          const Tensor& done) {
  Tensor running = running_.select(1, domain);
  Tensor weight = weight_.select(1, domain);
  const Tensor over = done.to(at::kDouble);
  running.add_(weight * rewards.to(at::kDouble));
  weight.mul_(discount_);
  const Ended ended{(running * over).sum(1), over.sum(1)};
  sum_.select(1, domain).add_(ended.sum);
  count_.select(1, domain).add_(ended.count);
  begin(domain, done);
  return ended;
}

void EpisodeReturns::begin(std::int64_t domain, const Tensor& lanes) {
  running_.select(1, domain).masked_fill_(lanes, 0.0);
  weight_.select(1, domain).masked_fill_(lanes, 1.0);
}

Tensor EpisodeReturns::take_means() {
  const Tensor means = sum_ / count_;
  sum_.zero_();
  count_.zero_();
  return means;
}

void EpisodeReturns::visit_state(StateVisitor& visit) {
  visit("running", running_);
  visit("weight", weight_);
  visit("sum", sum_);
  visit("count", count_);
}

}  // namespace spurion::regimes
