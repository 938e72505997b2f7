#include "environments/shared/finite_process.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "spurion/error.hpp"

namespace spurion::environments {

namespace {

std::size_t size_of(std::int64_t count) { return static_cast<std::size_t>(count); }

/// The probabilities [S, A] of a policy at a step.
const double* policy_at(const FiniteProcess& process, const FinitePolicy& policy,
                        std::int64_t step) {
  const std::size_t table = size_of(process.states() * process.actions());
  const bool same = policy.probability.size() == table;
  SPURION_CHECK(same || policy.probability.size() >= size_of(step + 1) * table,
                "a policy has probabilities [S, A], or [T, S, A] for every step of the span");
  return policy.probability.data() + (same ? 0 : size_of(step) * table);
}

/// Replaces `values` by those of one step earlier, made by `value_of(state)`; returns the largest
/// change.
template <class ValueOf>
double sweep(std::vector<double>& values, std::vector<double>& earlier, const ValueOf& value_of) {
  double change = 0.0;
  for (std::size_t s = 0; s < values.size(); ++s) {
    earlier[s] = value_of(static_cast<std::int64_t>(s));
    change = std::max(change, std::fabs(earlier[s] - values[s]));
  }
  values.swap(earlier);
  return change;
}

/// Sweeps until the values stand still.
template <class ValueOf>
void converge(std::vector<double>& values, const ValueOf& value_of) {
  constexpr int kMost = 1000000;
  constexpr double kStill = 1e-13;
  std::vector<double> earlier(values.size(), 0.0);
  for (int round = 0; round < kMost; ++round) {
    const double change = sweep(values, earlier, value_of);
    double largest = 1.0;
    for (const double value : values) largest = std::max(largest, std::fabs(value));
    if (change <= kStill * largest) return;
  }
  throw LogicError("the values of a finite process do not converge");
}

void check_span(const ProcessSpan& span) {
  SPURION_CHECK(span.steps >= 0 && span.discount > 0.0 && span.discount <= 1.0,
                "a span has steps >= 0 and a discount in (0, 1]");
}

}  // namespace

FiniteProcess::FiniteProcess(std::int64_t states, std::int64_t actions, const Dynamics& dynamics)
    : states_(states), actions_(actions) {
  SPURION_CHECK(states >= 1 && actions >= 1, "a process has states and actions");
  first_.reserve(size_of(states * actions) + 1);
  std::vector<Outcome> outcomes;
  for (std::int64_t state = 0; state < states; ++state) {
    for (std::int64_t action = 0; action < actions; ++action) {
      outcomes.clear();
      dynamics(state, action, outcomes);
      double sum = 0.0;
      for (const Outcome& outcome : outcomes) {
        SPURION_CHECK(outcome.probability > 0.0, "outcomes have positive probabilities");
        SPURION_CHECK(
            outcome.next == kOver || (outcome.next >= 0 && outcome.next < states),
            fmt::format("action {} leads from state {} to {}", action, state, outcome.next));
        sum += outcome.probability;
      }
      SPURION_CHECK(std::fabs(sum - 1.0) <= 1e-9,
                    fmt::format("the outcomes of action {} in state {} have the probability {}",
                                action, state, sum));
      first_.push_back(outcomes_.size());
      outcomes_.insert(outcomes_.end(), outcomes.begin(), outcomes.end());
    }
  }
  first_.push_back(outcomes_.size());
}

double FiniteProcess::action_value(std::int64_t state, std::int64_t action, double discount,
                                   const std::vector<double>& values) const {
  double sum = 0.0;
  for (const Outcome* outcome = begin(state, action); outcome != end(state, action); ++outcome) {
    const double later = outcome->next == kOver ? 0.0 : values[size_of(outcome->next)];
    sum += outcome->probability * (outcome->reward + discount * later);
  }
  return sum;
}

FinitePolicy deterministic_policy(const std::vector<std::int64_t>& actions,
                                  std::int64_t action_count) {
  FinitePolicy policy{std::vector<double>(actions.size() * size_of(action_count), 0.0)};
  for (std::size_t s = 0; s < actions.size(); ++s) {
    SPURION_CHECK(actions[s] >= 0 && actions[s] < action_count, "an action out of range");
    policy.probability[s * size_of(action_count) + size_of(actions[s])] = 1.0;
  }
  return policy;
}

FinitePolicy uniform_policy(const FiniteProcess& process) {
  return {std::vector<double>(size_of(process.states() * process.actions()),
                              1.0 / static_cast<double>(process.actions()))};
}

FiniteSolution solve(const FiniteProcess& process, const ProcessSpan& span) {
  check_span(span);
  const std::size_t states = size_of(process.states());
  FiniteSolution solution;
  solution.values.assign(states, 0.0);
  const auto best = [&](std::int64_t state) {
    std::int64_t action = 0;
    double value = process.action_value(state, 0, span.discount, solution.values);
    for (std::int64_t a = 1; a < process.actions(); ++a) {
      const double other = process.action_value(state, a, span.discount, solution.values);
      if (other > value) {
        value = other;
        action = a;
      }
    }
    return std::pair(value, action);
  };
  if (span.steps == 0) {
    converge(solution.values, [&](std::int64_t state) { return best(state).first; });
    solution.actions.resize(states);
    for (std::size_t s = 0; s < states; ++s) {
      solution.actions[s] = best(static_cast<std::int64_t>(s)).second;
    }
    return solution;
  }
  solution.actions.resize(size_of(span.steps) * states);
  std::vector<double> earlier(states, 0.0);
  for (std::int64_t step = span.steps - 1; step >= 0; --step) {
    std::int64_t* actions = solution.actions.data() + size_of(step) * states;
    (void)sweep(solution.values, earlier, [&](std::int64_t state) {
      const auto [value, action] = best(state);
      actions[state] = action;
      return value;
    });
  }
  return solution;
}

std::vector<double> evaluate(const FiniteProcess& process, const FinitePolicy& policy,
                             const ProcessSpan& span) {
  check_span(span);
  std::vector<double> values(size_of(process.states()), 0.0);
  const double* probability = nullptr;
  const auto value_of = [&](std::int64_t state) {
    double sum = 0.0;
    for (std::int64_t a = 0; a < process.actions(); ++a) {
      const double share = probability[state * process.actions() + a];
      if (share > 0.0) sum += share * process.action_value(state, a, span.discount, values);
    }
    return sum;
  };
  if (span.steps == 0) {
    SPURION_CHECK(policy.probability.size() == size_of(process.states() * process.actions()),
                  "without a last step a policy is the same at every step");
    probability = policy_at(process, policy, 0);
    converge(values, value_of);
    return values;
  }
  std::vector<double> earlier(values.size(), 0.0);
  for (std::int64_t step = span.steps - 1; step >= 0; --step) {
    probability = policy_at(process, policy, step);
    (void)sweep(values, earlier, value_of);
  }
  return values;
}

std::vector<std::vector<double>> occupancy(const FiniteProcess& process, const FinitePolicy& policy,
                                           const std::vector<double>& start, std::int64_t steps) {
  SPURION_CHECK(start.size() == size_of(process.states()), "a start has a share for each state");
  std::vector<std::vector<double>> out;
  std::vector<double> here = start;
  for (std::int64_t step = 0; step < steps; ++step) {
    const double* probability = policy_at(process, policy, step);
    std::vector<double> later(here.size(), 0.0);
    for (std::int64_t state = 0; state < process.states(); ++state) {
      if (here[size_of(state)] == 0.0) continue;
      for (std::int64_t a = 0; a < process.actions(); ++a) {
        const double share = here[size_of(state)] * probability[state * process.actions() + a];
        if (share == 0.0) continue;
        for (const Outcome* o = process.begin(state, a); o != process.end(state, a); ++o) {
          if (o->next != FiniteProcess::kOver) later[size_of(o->next)] += share * o->probability;
        }
      }
    }
    out.push_back(std::move(here));
    here = std::move(later);
  }
  return out;
}

double expected_value(const std::vector<double>& start, const std::vector<double>& values) {
  SPURION_CHECK(start.size() == values.size(), "a start has a share for each state");
  double sum = 0.0;
  for (std::size_t s = 0; s < start.size(); ++s) sum += start[s] * values[s];
  return sum;
}

}  // namespace spurion::environments
