#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "spurion/export.hpp"

/// \file
/// Markov decision processes with finitely many states, solved exactly: the references of
/// interactive environments. Shape letters: S states, A actions, T steps.

namespace spurion::environments {

/// One outcome of an action in a state.
struct Outcome {
  std::int64_t next = 0;     ///< the next state, or `FiniteProcess::kOver`
  double probability = 1.0;  ///< > 0; those of a state and an action sum to 1
  double reward = 0.0;       ///< that comes with it
};

/// How long a process runs, and what later rewards count.
struct ProcessSpan {
  /// T: the process ends after so many actions. 0: it never ends by itself; then `discount` is
  /// below 1, or every policy that is evaluated ends all episodes with probability 1.
  std::int64_t steps = 0;
  double discount = 1.0;  ///< in (0, 1]: the reward of action t counts discount^t, t from 0
};

/// A finite Markov decision process. Outcomes are stored sparsely.
class SPURION_API FiniteProcess {
 public:
  /// The next state after the last: the episode is over, and nothing is earned any more.
  static constexpr std::int64_t kOver = -1;
  /// Appends the outcomes of an action in a state to a list, which is empty.
  using Dynamics =
      std::function<void(std::int64_t state, std::int64_t action, std::vector<Outcome>& outcomes)>;

  /// Asks `dynamics` once for every state in 0..S-1 and action in 0..A-1. Throws `LogicError` for
  /// probabilities that are not positive or do not sum to 1 within 1e-9, and for states out of
  /// range.
  FiniteProcess(std::int64_t states, std::int64_t actions, const Dynamics& dynamics);

  [[nodiscard]] std::int64_t states() const { return states_; }
  [[nodiscard]] std::int64_t actions() const { return actions_; }
  /// E[reward + discount * values[next]] of an action in a state; `values` [S].
  [[nodiscard]] double action_value(std::int64_t state, std::int64_t action, double discount,
                                    const std::vector<double>& values) const;
  /// The outcomes of an action in a state: pointers to the first and past the last.
  [[nodiscard]] const Outcome* begin(std::int64_t state, std::int64_t action) const {
    return outcomes_.data() + first_[index(state, action)];
  }
  [[nodiscard]] const Outcome* end(std::int64_t state, std::int64_t action) const {
    return outcomes_.data() + first_[index(state, action) + 1];
  }

 private:
  [[nodiscard]] std::size_t index(std::int64_t state, std::int64_t action) const {
    return static_cast<std::size_t>(state * actions_ + action);
  }

  std::int64_t states_;
  std::int64_t actions_;
  std::vector<std::size_t> first_;  ///< [S * A + 1]
  std::vector<Outcome> outcomes_;
};

/// A policy that sees the state, and perhaps the step.
struct FinitePolicy {
  /// [S, A] probabilities, the same at every step; or [T, S, A].
  std::vector<double> probability;
};
/// The policy that takes actions[state] in each state; `actions` [S].
[[nodiscard]] SPURION_API FinitePolicy
deterministic_policy(const std::vector<std::int64_t>& actions, std::int64_t action_count);
/// Every action with the same probability, in every state.
[[nodiscard]] SPURION_API FinitePolicy uniform_policy(const FiniteProcess& process);

/// The best that any policy can do.
struct FiniteSolution {
  std::vector<double> values;  ///< [S] the largest expected return from each state at step 0
  /// A best action in each state; the first of equals. [S], the same at every step, if the span has
  /// no steps; else [T, S].
  std::vector<std::int64_t> actions;
};
/// Value iteration: backward from the last step; or, without a last step, until no value changes by
/// more than 1e-13 of the largest. Throws `LogicError` if that takes more than a million sweeps.
[[nodiscard]] SPURION_API FiniteSolution solve(const FiniteProcess& process,
                                               const ProcessSpan& span);
/// [S] the expected return of a policy from each state at step 0. A policy [T, S, A] needs a span
/// of T steps. Throws like `solve`.
[[nodiscard]] SPURION_API std::vector<double> evaluate(const FiniteProcess& process,
                                                       const FinitePolicy& policy,
                                                       const ProcessSpan& span);
/// [T][S] the probability of being in each state before action t = 0 .. steps - 1, from the
/// distribution `start` [S]. What is missing to 1 is over.
[[nodiscard]] SPURION_API std::vector<std::vector<double>> occupancy(
    const FiniteProcess& process, const FinitePolicy& policy, const std::vector<double>& start,
    std::int64_t steps);
/// sum_s start[s] values[s].
[[nodiscard]] SPURION_API double expected_value(const std::vector<double>& start,
                                                const std::vector<double>& values);

}  // namespace spurion::environments
