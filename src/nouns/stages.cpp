#include "spurion/stages.hpp"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>

#include "spurion/method.hpp"

namespace spurion {

Stages::Stages(const std::vector<PerReplica<double>>& shares, const MethodContext& context)
    : steps_(context.steps) {
  const auto replicas = static_cast<std::size_t>(context.replicas);
  first_.assign(1, std::vector<std::int64_t>(replicas, 0));
  std::vector<double> sums(replicas, 0.0);
  for (const PerReplica<double>& share : shares) {
    std::vector<std::int64_t> first;
    for (std::size_t k = 0; k < replicas; ++k) {
      sums[k] += share.at(static_cast<std::int64_t>(k));
      const double at = std::min(sums[k], 1.0) * static_cast<double>(context.steps);
      first.push_back(static_cast<std::int64_t>(std::llround(at)));
    }
    first_.push_back(std::move(first));
  }
}

std::int64_t Stages::steps(std::int64_t stage, std::int64_t replica) const {
  const std::int64_t end = stage + 1 < count() ? first_step(stage + 1, replica) : steps_;
  return std::max<std::int64_t>(end - first_step(stage, replica), 0);
}

std::int64_t Stages::stage(std::int64_t step, std::int64_t replica) const {
  std::int64_t stage = 0;
  while (stage + 1 < count() && first_step(stage + 1, replica) <= step) ++stage;
  return stage;
}

namespace {

template <class Each>
Tensor mask_of(std::size_t replicas, const Each& each) {
  Tensor mask = at::zeros({static_cast<std::int64_t>(replicas)}, at::kBool);
  for (std::size_t k = 0; k < replicas; ++k) {
    mask.data_ptr<bool>()[k] = each(static_cast<std::int64_t>(k));
  }
  return mask;
}

}  // namespace

Tensor Stages::inside(std::int64_t stage, std::int64_t step) const {
  return mask_of(first_.front().size(),
                 [&](std::int64_t replica) { return this->stage(step, replica) == stage; });
}

Tensor Stages::begins(std::int64_t stage, std::int64_t step) const {
  return mask_of(first_.front().size(),
                 [&](std::int64_t replica) { return first_step(stage, replica) == step; });
}

bool Stages::any_begins(std::int64_t stage, std::int64_t step) const {
  const auto& first = first_.at(static_cast<std::size_t>(stage));
  return std::find(first.begin(), first.end(), step) != first.end();
}

void Stages::begin_schedules(ReplicaTrainer& trainer) const {
  const std::int64_t now = trainer.step();
  for (std::int64_t stage = 0; stage < count(); ++stage) {
    if (!any_begins(stage, now)) continue;
    for (std::int64_t k = 0; k < trainer.replicas(); ++k) {
      if (first_step(stage, k) != now || steps(stage, k) == 0) continue;
      trainer.optimizer().begin_schedule(
          steps(stage, k),
          mask_of(first_.front().size(), [k](std::int64_t replica) { return replica == k; }));
    }
  }
}

}  // namespace spurion
