#include "regimes/shared/acting_costs.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/measurement_names.hpp"
#include "spurion/error.hpp"

namespace spurion::regimes {

const InteractiveEnvironment& require_interactive(const Environment& environment,
                                                  const std::string& regime) {
  const InteractiveEnvironment* world = environment.interactive();
  if (world != nullptr) return *world;
  throw UsageError(fmt::format(
      "regime '{}' needs an environment that answers to actions, and '{}' does not answer to any",
      regime, environment.info().name));
}

ActingCosts::ActingCosts(std::int64_t replicas)
    : steps_(static_cast<std::size_t>(replicas), 0),
      queries_(static_cast<std::size_t>(replicas), 0),
      flops_(static_cast<std::size_t>(replicas), 0.0),
      returns_(static_cast<std::size_t>(replicas), 0.0),
      episodes_(static_cast<std::size_t>(replicas), 0) {}

std::vector<double> ActingCosts::take_flops() {
  std::vector<double> taken = flops_;
  std::fill(flops_.begin(), flops_.end(), 0.0);
  return taken;
}

void ActingCosts::count_return(std::int64_t replica, double value) {
  returns_[static_cast<std::size_t>(replica)] += value;
  ++episodes_[static_cast<std::size_t>(replica)];
}

void ActingCosts::count_returns(const Tensor& sum, const Tensor& count) {
  for (std::size_t k = 0; k < returns_.size(); ++k) {
    returns_[k] += sum.data_ptr<double>()[k];
    episodes_[k] += std::llround(count.data_ptr<double>()[k]);
  }
}

void record_acting(Run& run, std::int64_t phase, const std::string& metric, const Tensor& values) {
  Domain domain;
  domain.name = core::stored_domain(core::MeasuredIn::acting);
  run.evaluator.record(run.trainer, phase, domain, metric, values);
}

void ActingCosts::record(Run& run, std::int64_t phase) {
  const auto numbers = [](const std::vector<std::int64_t>& counts) {
    return at::tensor(counts, at::kLong).to(at::kDouble);
  };
  record_acting(run, phase, core::stored_name(core::MetricId::environment_steps), numbers(steps_));
  record_acting(run, phase, core::stored_name(core::MetricId::expert_queries), numbers(queries_));
  // Without an episode the mean is not a number, and is not stored.
  record_acting(run, phase, core::stored_name(core::MetricId::training_return),
                at::tensor(returns_, at::kDouble) / numbers(episodes_));
  std::fill(returns_.begin(), returns_.end(), 0.0);
  std::fill(episodes_.begin(), episodes_.end(), 0);
}

void ActingCosts::visit_state(StateVisitor& visit) {
  visit("steps", steps_);
  visit("queries", queries_);
  visit("flops", flops_);
  visit("returns", returns_);
  visit("episodes", episodes_);
}

}  // namespace spurion::regimes
