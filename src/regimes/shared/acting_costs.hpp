#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "regimes/shared/stream_loop.hpp"
#include "spurion/interactive.hpp"
#include "spurion/regime.hpp"

namespace spurion::regimes {

/// The environment as one that answers to actions. Throws `UsageError` if it does not; `regime` is
/// the name of who asks.
const InteractiveEnvironment& require_interactive(const Environment& environment,
                                                  const std::string& regime);

/// What a learner that acts costs and earns, for each replica; recorded in the domain "acting".
class ActingCosts {
 public:
  explicit ActingCosts(std::int64_t replicas);

  /// Steps of the learner in the environment.
  void count_steps(std::int64_t replica, std::int64_t steps) {
    steps_[static_cast<std::size_t>(replica)] += steps;
  }
  /// States in which the expert was asked.
  void count_queries(std::int64_t replica, std::int64_t queries) {
    queries_[static_cast<std::size_t>(replica)] += queries;
  }
  /// Operations of passes that chose actions: they count with the next update.
  void count_flops(std::int64_t replica, double flops) {
    flops_[static_cast<std::size_t>(replica)] += flops;
  }
  /// The operations since the last call, [K].
  [[nodiscard]] std::vector<double> take_flops();
  /// The return of an episode of the learner.
  void count_return(std::int64_t replica, double value);
  /// Returns of episodes of all replicas: their sum and number, float64 [K].
  void count_returns(const Tensor& sum, const Tensor& count);
  /// Records all of it: `environment_steps` and `expert_queries` since the beginning, and as
  /// `training_return` the mean return of the episodes since the last record, which is not stored
  /// of a replica that had no episode. Lives without resets count rewards of steps in their place.
  void record(Run& run, std::int64_t phase);
  void visit_state(StateVisitor& visit);

 private:
  std::vector<std::int64_t> steps_;
  std::vector<std::int64_t> queries_;
  std::vector<double> flops_;           // since they were taken
  std::vector<double> returns_;         // sum since the last record
  std::vector<std::int64_t> episodes_;  // their number
};

/// Records one number of the learner, float64 [K], in the domain "acting".
void record_acting(Run& run, std::int64_t phase, const std::string& metric, const Tensor& values);

}  // namespace spurion::regimes
