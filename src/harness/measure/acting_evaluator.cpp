#include <ATen/ATen.h>

#include <cmath>

#include "acting/rollout.hpp"
#include "core/measurement_names.hpp"
#include "harness/measure/acting_scores.hpp"
#include "harness/measure/domain_scores.hpp"
#include "harness/measure/evaluator.hpp"
#include "nouns/named_domains.hpp"

/// \file
/// What `PackEvaluator` measures in environments that answer to actions.

namespace spurion::harness {

const ReferenceReturns& PackEvaluator::references(const Environment& environment,
                                                  const Domain& domain) {
  const auto [found, missing] = references_.try_emplace({&environment, domain.name});
  if (missing) {
    found->second = environment.interactive()->references(acting::own_domain(environment, domain));
  }
  return found->second;
}

void PackEvaluator::measure_acting(ReplicaTrainer& trainer, std::int64_t phase,
                                   EvaluationScope scope) {
  const Environment& first = *context_->environments.front();
  const InteractiveEnvironment* world = first.interactive();
  if (world == nullptr) return;
  const std::int64_t episodes = world->acting().evaluation_episodes;
  const auto scores = [&](const Domain& domain, Split split, bool habits) {
    Values values = acting_scores(scorer_, trainer, context_->environments,
                                  {domain, split, episodes, twin_, options_.samples_actions, habits,
                                   reference_ ? &*reference_ : nullptr});
    if (!habits) return values;
    std::vector<ReferenceReturns> known;
    for (const auto& environment : context_->environments) {
      known.push_back(references(*environment, domain));
    }
    add_return_references(known, values);
    return values;
  };
  // As scores on validation rows: off streams at every evaluation, else once all is over.
  const bool validates =
      schedule_.empty() ||
      (scope == EvaluationScope::full && phase + 1 >= static_cast<std::int64_t>(schedule_.size()));
  std::vector<Values> each;
  std::vector<Values> held_out;
  for (const Domain& domain : first.train_domains()) {
    each.push_back(scores(domain, Split::test, true));
    store(trainer, phase, domain, each.back());
    if (validates) held_out.push_back(scores(domain, Split::validation, false));
  }
  const auto mean = [&](const std::vector<Values>& all, core::MeasuredIn in) {
    Values values =
        mean_over_domains(all, [this](const std::string& name) { return averaged(name); });
    Domain average;
    average.name = core::stored_domain(in);
    store(trainer, phase, average, values);
    return values;
  };
  const Values id = mean(each, core::MeasuredIn::in_distribution);
  if (validates) mean(held_out, core::MeasuredIn::validation);

  const std::string reward = core::stored_name(core::MetricId::mean_return);
  const Domain test = first.test_domain();
  Values values = scores(test, Split::test, true);
  values[core::stored_name(core::MetricId::return_gap)] = id.at(reward) - values.at(reward);
  store(trainer, phase, test, values);
  if (scope != EvaluationScope::full) return;
  for (const double shift : info_->shift_axis.points) {
    Domain domain = first.at(shift);
    Values curve = scores(domain, Split::test, false);
    domain.name = nouns::shift_name(shift);
    store(trainer, phase, domain, curve);
  }
}

std::vector<Measurement> PackEvaluator::acting_references(const Environment& environment) {
  std::vector<Measurement> rows;
  const InteractiveEnvironment* world = environment.interactive();
  if (world == nullptr) return rows;
  std::vector<Domain> domains = environment.train_domains();
  domains.push_back(environment.test_domain());
  for (const Domain& domain : domains) {
    const auto add = [&](const std::string& name, double value) {
      if (std::isnan(value)) return;
      rows.push_back({0, 0, domain.name, domain.shift, name, value});
    };
    const ReferenceReturns& known = references(environment, domain);
    const Ceiling& optimal = known.optimal;
    add(core::stored_name(core::MetricId::return_optimal), optimal.value);
    // Of a simulated return no bound is sure.
    if (!std::isnan(optimal.value) && optimal.exactness != Exactness::empirical) {
      add(core::stored_name(core::MetricId::return_optimal_error), optimal.error_bound);
    }
    add(core::stored_name(core::MetricId::return_expert), known.expert.value);
    add(core::stored_name(core::MetricId::return_cue), known.cue.value);
    add(core::stored_name(core::MetricId::return_random), known.random.value);
    for (const auto& [name, value] :
         expert_habits(environment, domain, world->acting().evaluation_episodes)) {
      add(name, value);
    }
  }
  return rows;
}

}  // namespace spurion::harness
