#pragma once

#include <cstdint>
#include <string>

#include "spurion/regime.hpp"
#include "spurion/schema.hpp"

namespace spurion::regimes {

/// Options of the regimes whose learner acts for rewards.
struct ActingOptions {
  std::int64_t rollout_steps = 0;
  std::int64_t epochs = 4;
  std::int64_t minibatches = 4;
  double discount = 0.0;
  double lambda = 0.95;
  double exploration = 0.0;

  static const Schema<ActingOptions>& schema() {
    using O = ActingOptions;
    static const auto schema =
        Schema<O>()
            .field("rollout_steps", &O::rollout_steps,
                   "Steps of each running episode between two sets of updates. 0: the horizon of "
                   "the environment, at most 128.",
                   between(0, 1e6))
            .field("epochs", &O::epochs, "How often the steps of a rollout are gone through.",
                   between(1, 1000))
            .field("minibatches", &O::minibatches,
                   "Minibatches of an epoch, each of which is one update.", between(1, 100000))
            .field("discount", &O::discount,
                   "Discount of rewards in advantages. 0: that of the environment.", between(0, 1))
            .field("lambda", &O::lambda,
                   "Lambda of generalised advantage estimation. A method that estimates no values "
                   "has 1.",
                   between(0, 1))
            .field("exploration", &O::exploration,
                   "Least probability of every action while acting.", between(0, 0.5));
    return schema;
  }
};

/// Most steps of a rollout where `rollout_steps` is 0.
constexpr std::int64_t kRolloutSteps = 128;

/// T: steps of a rollout.
std::int64_t rollout_steps(const ActingOptions& options, const InteractiveEnvironment& world);
/// Throws `UsageError` where the options do not fit the environment or the training.
void check_acting(const char* regime, const ActingOptions& options, const Environment& environment,
                  const TrainingOptions& training);
/// Steps of each train domain in a minibatch of a rollout.
std::int64_t rollout_minibatch(const ActingOptions& options, const Environment& environment,
                               const TrainingOptions& training);
/// Bytes that a rollout takes of each replica, where `MemorySizes::batch_rows` is that of its
/// minibatches or more.
double rollout_bytes(const ActingOptions& options, const MemorySizes& sizes);

}  // namespace spurion::regimes
