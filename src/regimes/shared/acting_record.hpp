#pragma once

#include <cstdint>
#include <vector>

#include "regimes/shared/stream_loop.hpp"
#include "spurion/regime.hpp"

namespace spurion::regimes {

/// What a learner got while it acted. Recorded in domain "acting": `environment_steps` since the
/// beginning, `expert_queries`, which are none, and `training_return` since the last record: the
/// mean discounted return of the episodes that ended, or for lives without resets the mean reward
/// of a step.
class ActingRecord {
 public:
  /// What is recorded as the return.
  enum class Kind { episodes, steps };
  /// For E train domains with `lanes` episodes each; the discount is that of the environment.
  ActingRecord(const RegimeContext& context, std::int64_t lanes, Kind kind);

  /// Adds a step of domain `domain`: rewards float32 [K, B], and whether it ended the episode.
  void add(std::int64_t domain, const Tensor& rewards, const Tensor& done);
  /// The mean return of the episodes of each domain that ended since the last call, float64 [K, E];
  /// not a number where none did.
  [[nodiscard]] Tensor take_returns();
  /// Records what is known.
  void write(Run& run, std::int64_t phase);
  void visit_state(StateVisitor& visit);

 private:
  Kind kind_;
  double discount_;
  Tensor running_;          // float64 [K, E, B]: return of the episode so far
  Tensor weight_;           // float64 [K, E, B]: discount of its next reward
  Tensor domain_sum_;       // float64 [K, E]: returns of episodes that ended
  Tensor domain_count_;     // float64 [K, E]
  Tensor recorded_sum_;     // float64 [K]: since the last record
  Tensor recorded_count_;   // float64 [K]
  std::int64_t steps_ = 0;  // of each replica
};

}  // namespace spurion::regimes
