#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "acting/rollout.hpp"
#include "regimes/shared/acting_costs.hpp"
#include "regimes/shared/acting_options.hpp"
#include "regimes/shared/domain_mixture.hpp"
#include "regimes/shared/episode_returns.hpp"
#include "regimes/shared/stream_loop.hpp"

namespace spurion::regimes {

/// A learner that acts in all train domains, `training.batch` episodes of each side by side, and
/// learns from what its actions gave: T steps with the policy as it is, then `epochs` times all of
/// these steps in `minibatches` minibatches, each of which is one update.
///
/// Actions are drawn from the probabilities of the policy; the draws of a replica depend on its own
/// key. All episodes go through the model in every step.
class PolicyRollouts {
 public:
  /// What differs between regimes.
  struct Options {
    /// One life: an episode that is over stays so, and what is recorded as its return is the mean
    /// reward of a step. default, false: the next episode begins.
    bool one_life = false;
    /// Step of the mixture of domains towards the highest regret; 0: all domains count alike.
    double curriculum_step = 0.0;
  };
  PolicyRollouts(Run& run, const ActingOptions& acting, Options options);

  /// One update. The learner acts before it where the last rollout is used up.
  void update();
  /// Records what was gained so far.
  void record(std::int64_t phase) { costs_.record(*run_, phase); }
  void visit_state(StateVisitor& visit);

 private:
  /// What T steps give that is not kept.
  struct Steps {
    Tensor x;        ///< [K, E, T + 1, B, ...]: what was seen before each step, and in the end
    Tensor rewards;  ///< [K, E, T, B]
    Tensor done;     ///< bool [K, E, T, B]
  };
  /// T steps with the policy as it is.
  void act();
  /// Step `t` of all episodes; for t = T only what is seen.
  void act_once(std::int64_t t, Steps& steps);
  /// Counts what a step of all episodes of a domain gave.
  void count(std::int64_t domain, const Tensor& rewards, const Tensor& done);
  /// Advantages and returns.
  void estimate(const Steps& steps);
  /// The steps of a minibatch.
  [[nodiscard]] Batch minibatch(std::int64_t number);
  /// int64 [K, E, T * B]: the steps in the order of an epoch.
  void shuffle(std::int64_t rollout, std::int64_t epoch);

  Run* run_;
  ActingOptions acting_;
  Options options_;
  std::int64_t replicas_;
  std::int64_t domains_;
  std::int64_t lanes_;
  std::int64_t steps_;
  double discount_;
  std::vector<acting::Rollout> rollouts_;     // of each domain
  std::vector<std::vector<RandomKey>> keys_;  // [E][K]: of the actions
  ActingCosts costs_;
  EpisodeReturns episodes_;
  std::optional<DomainMixture> mixture_;
  std::int64_t updates_ = 0;
  Tensor x_;                   // [K, E, T * B, ...]
  Tensor action_;              // int64 [K, E, T, B]
  Tensor log_probability_;     // [K, E, T, B]
  Tensor advantage_;           // [K, E, T, B]
  Tensor returns_;             // [K, E, T, B]
  Tensor order_;               // int64 [K, E, T * B]
  std::int64_t ordered_ = -1;  // the epoch, counted over all rollouts, whose order that is
};

}  // namespace spurion::regimes
