#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "spurion/archive.hpp"
#include "spurion/environment.hpp"

/// \file
/// An `InteractiveEnvironment` answers to actions. It is an `Environment`, too: its rows are what
/// an expert saw and did, so behaviour cloning is supervised training on them.
///
/// Shape letters: N running episodes, A actions, S numbers of state, D inputs.

namespace spurion {

/// Where an episode begins.
enum class StartKind {
  acting,        ///< where policies are trained and measured
  demonstration  ///< where the demonstrations of the expert begin; often more varied
};

/// A policy that is known without training.
enum class ReferencePolicy {
  optimal,  ///< the best policy that sees the whole state
  expert,   ///< the policy that demonstrates, and that answers when it is asked
  cue,      ///< follows the spurious cue only
  random    ///< every action with the same probability
};
/// "optimal", "expert", "cue" or "random".
SPURION_API const char* reference_policy_name(ReferencePolicy policy);

/// Facts of an interactive environment with its options.
struct InteractiveInfo {
  std::vector<std::string> actions;  ///< [A] names of the actions; A is `EnvironmentInfo::outputs`
  std::vector<std::string> state;    ///< [S] names of the numbers of the state
  std::int64_t horizon = 1;          ///< most steps of an episode
  double discount = 1.0;             ///< in (0, 1]: of rewards, per step. default: 1
  std::string reward;                ///< what is rewarded: "-1 a step until the goal is reached"
  std::string goal;                  ///< what `Episodes::goal` says: "the cheese is reached"
  std::string proxy;                 ///< what `Episodes::proxy` says: "the corner is reached"
  /// Steps of the longest demonstration. Rows of demonstrations are drawn evenly over the steps
  /// of the expert's episodes. default, 0: `horizon`.
  std::int64_t demonstration_steps = 0;
  /// Episodes that an evaluation runs in each domain. default: 200
  std::int64_t evaluation_episodes = 200;
  /// Whether an evaluation draws actions from the probabilities of the policy. default, false: it
  /// takes the most probable action, except of a policy that learned from rewards.
  bool samples_actions = false;
  /// Whether an episode never begins again: one life of `horizon` steps. default: false
  bool without_resets = false;
  /// Groups of inputs that one variable of the graph gives each, for policies that are conditioned
  /// on a causal graph. The second half of the inputs says which of them are shown: a policy gets
  /// `[inputs * m, m]`. Empty: it has no such inputs.
  std::vector<std::vector<std::int64_t>> graph_inputs = {};
};

/// Episodes of one domain and one split that run side by side. A plain value: a copy goes on from
/// the same place. Setting a number of `state` is an intervention on the state.
struct Episodes {
  std::vector<std::int64_t> number;       ///< [N] which episode: its randomness depends on it
  std::vector<std::int64_t> step;         ///< [N] actions taken so far
  std::vector<std::int64_t> last_action;  ///< [N] -1: none yet
  std::vector<double> state;              ///< [S, N]: number s of episode i is state[s * N + i]
  std::vector<std::uint8_t> done;         ///< [N] 1: over; later actions change nothing
  std::vector<std::uint8_t> goal;         ///< [N] 1: the goal was reached
  std::vector<std::uint8_t> proxy;        ///< [N] 1: what the cue points to was reached

  /// N.
  [[nodiscard]] std::int64_t count() const { return static_cast<std::int64_t>(number.size()); }
  /// The numbers `s` of the state of all episodes: [N] of them, one after the other.
  [[nodiscard]] double* values(std::int64_t s) { return state.data() + s * count(); }
  /// The same, to be read.
  [[nodiscard]] const double* values(std::int64_t s) const { return state.data() + s * count(); }
  /// Whether all are over.
  [[nodiscard]] SPURION_API bool all_done() const;
  /// Copies episode `from` of `other` to the place `to` of this one.
  SPURION_API void put(std::int64_t to, const Episodes& other, std::int64_t from);
  /// Some of them, in this order.
  [[nodiscard]] SPURION_API Episodes select(const std::vector<std::int64_t>& which) const;
  /// Saves or restores all of it.
  SPURION_API void visit_state(StateVisitor& visit);
};

/// What happens in which domain and split: it decides parameters and randomness.
struct EpisodePlace {
  const Domain& domain;        ///< a domain of the environment
  Split split = Split::train;  ///< episodes of different splits have independent randomness
};

/// Returns of the reference policies in a domain: the mean discounted sum of rewards of episodes
/// with `StartKind::acting`. `Exactness::empirical` means simulated, with the stated error.
struct ReferenceReturns {
  Ceiling optimal;  ///< of `ReferencePolicy::optimal`
  Ceiling expert;   ///< of `ReferencePolicy::expert`
  Ceiling cue;      ///< of `ReferencePolicy::cue`
  Ceiling random;   ///< of `ReferencePolicy::random`
};

/// What is exactly known of the next action of the expert, from what was observed.
struct ExactPredictive {
  /// [N, A] float64: P(next action | observations and own actions), as if the expert had taken the
  /// actions so far: what a sequence model learns from traces of the expert.
  Tensor conditional;
  /// [N, A] float64: P(next action | observations, do(own actions)): own actions are no evidence.
  Tensor interventional;
  /// [N, A] float64: expected reward of this step for each action, from what was observed, if own
  /// actions are no evidence. Undefined: not known.
  Tensor reward = {};
};

/// A world that answers to actions. Immutable; many threads may call it.
///
/// Every random choice in episode n at step t is a pure function of (data seed, environment, domain
/// key, split, n, t). So two policies meet the same starts and the same noise, an episode can be
/// run again alone, and a twin of an episode under an intervention shares all noise.
///
/// Its task is `Task::multiclass` with one class for each action. The label of a row is the action
/// of the expert.
class SPURION_API InteractiveEnvironment : public Environment {
 public:
  [[nodiscard]] const InteractiveEnvironment* interactive() const final { return this; }

  /// Facts of this instance; the same at each call.
  [[nodiscard]] virtual const InteractiveInfo& acting() const = 0;
  /// Returns of the reference policies.
  [[nodiscard]] virtual ReferenceReturns references(const Domain& domain) const = 0;

  /// Episodes of these numbers (>= 0) at their start.
  [[nodiscard]] Episodes reset(const EpisodePlace& place, const std::vector<std::int64_t>& numbers,
                               StartKind kind = StartKind::acting) const;
  /// One step of every episode that is not over. `actions` [N]; `rewards` gets N numbers, 0 for
  /// episodes that were over. Throws `UsageError` for actions out of range.
  void step(const EpisodePlace& place, const std::vector<std::int64_t>& actions, Episodes& episodes,
            std::vector<float>& rewards) const;
  /// What a policy sees: float32 [N, ...input_shape]. With an intervention on the cue: the same
  /// with the cue changed. Throws `UsageError` for an intervention that `supports` refuses.
  [[nodiscard]] Tensor observe(const EpisodePlace& place, const Episodes& episodes,
                               const Intervention& intervention = Intervention::none()) const;
  /// The action [N] of a reference policy in each episode.
  [[nodiscard]] std::vector<std::int64_t> act(ReferencePolicy policy, const EpisodePlace& place,
                                              const Episodes& episodes) const;
  /// What is exactly known of the next action of the expert; empty if the environment is not about
  /// that. default: empty.
  [[nodiscard]] virtual std::optional<ExactPredictive> predictive(const EpisodePlace& place,
                                                                  const Episodes& episodes) const;

 protected:
  /// Sets number, state and flags of the episodes, which have the right sizes and are zero but for
  /// `number`; `last_action` is -1.
  virtual void begin(const EpisodePlace& place, StartKind kind, Episodes& episodes) const = 0;
  /// Changes state, `done`, `goal` and `proxy`, and sets the rewards, of episodes that are not
  /// done; leaves the others as they are. The caller then counts the step, notes the action, and
  /// ends episodes at the horizon. `rewards` [N] is zero.
  virtual void advance(const EpisodePlace& place, const std::vector<std::int64_t>& actions,
                       Episodes& episodes, float* rewards) const = 0;
  /// Writes the inputs of each episode, one after the other.
  virtual void look(const EpisodePlace& place, const Episodes& episodes,
                    const Intervention& intervention, float* inputs) const = 0;
  /// Writes the action of the policy in each episode. Never called for `random`.
  virtual void choose(ReferencePolicy policy, const EpisodePlace& place, const Episodes& episodes,
                      std::int64_t* actions) const = 0;
  /// Sets `causal`, `spurious` and, where there are groups, `group` of a sample: one row for each
  /// episode, as it is now. `spurious` is the cue as the intervention shows it.
  virtual void note(const EpisodePlace& place, const Episodes& episodes,
                    const Intervention& intervention, Sample& sample) const = 0;
  /// Rows of demonstrations. Row i is a step of an episode of the expert that belongs to this row
  /// alone, drawn evenly over the steps of its episodes: a step t is drawn below
  /// `demonstration_steps`, and the expert acts t times; where the episode was over before, the
  /// next one is tried with a new t. The label is what the expert does next.
  [[nodiscard]] Sample generate(const Domain& domain, Split split, RowRange rows,
                                const Intervention& intervention) const override;
  /// The key of all randomness of a domain and split; the children of an environment name their
  /// variable. Numbers of a stream are at (row = episode number, lane = step).
  [[nodiscard]] virtual RandomKey episodes_key(const EpisodePlace& place) const = 0;
};

}  // namespace spurion
