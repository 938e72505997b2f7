#include "regimes/shared/acting_options.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/counted.hpp"
#include "regimes/shared/acting_costs.hpp"
#include "spurion/error.hpp"
#include "spurion/interactive.hpp"

namespace spurion::regimes {

std::int64_t rollout_steps(const ActingOptions& options, const InteractiveEnvironment& world) {
  return options.rollout_steps > 0 ? options.rollout_steps
                                   : std::min(world.acting().horizon, kRolloutSteps);
}

void check_acting(const char* regime, const ActingOptions& options, const Environment& environment,
                  const TrainingOptions& training) {
  const InteractiveEnvironment& world = require_interactive(environment, regime);
  if (training.batch < 1) {
    throw UsageError(
        fmt::format("training.batch = 0: in regime '{}' it is the number of episodes of each train "
                    "domain that run side by side",
                    regime));
  }
  const std::int64_t rows = rollout_steps(options, world) * training.batch;
  if (rows < options.minibatches) {
    throw UsageError(fmt::format(
        "minibatches = {}, but a rollout has {} of each train domain: {} of {}",
        options.minibatches, core::counted(rows, "step"), core::counted(training.batch, "episode"),
        core::counted(rollout_steps(options, world), "step")));
  }
  const std::int64_t actions = environment.info().outputs;
  if (static_cast<double>(actions) * options.exploration > 1.0) {
    throw UsageError(fmt::format("exploration = {}: {} cannot all be that probable; at most {:.4g}",
                                 options.exploration, core::counted(actions, "action"),
                                 1.0 / static_cast<double>(actions)));
  }
}

std::int64_t rollout_minibatch(const ActingOptions& options, const Environment& environment,
                               const TrainingOptions& training) {
  // `check` refuses environments that do not answer to actions.
  const InteractiveEnvironment* world = environment.interactive();
  const std::int64_t steps = world != nullptr ? rollout_steps(options, *world) : kRolloutSteps;
  return std::max<std::int64_t>(1, steps * training.batch / options.minibatches);
}

double rollout_bytes(const ActingOptions& options, const MemorySizes& sizes) {
  const double rows = static_cast<double>(options.minibatches) * sizes.batch_rows;
  // The inputs twice while values are estimated, and five numbers of each step.
  return rows * (2.0 * sizes.row + 40.0);
}

}  // namespace spurion::regimes
