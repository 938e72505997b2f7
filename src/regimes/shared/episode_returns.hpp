#pragma once

#include <cstdint>

#include "spurion/archive.hpp"
#include "spurion/regime.hpp"

namespace spurion::regimes {

/// Discounted returns of running episodes: B side by side in each of E train domains, for each of K
/// replicas. The discount is that of the environment.
class EpisodeReturns {
 public:
  EpisodeReturns(const RegimeContext& context, std::int64_t lanes);

  /// Returns of the episodes that a step ended.
  struct Ended {
    Tensor sum;    ///< float64 [K]
    Tensor count;  ///< float64 [K]
  };
  /// Adds a step of domain `domain`: rewards float32 [K, B], and whether it ended the episode, bool
  /// [K, B]. An episode that ended begins anew.
  Ended add(std::int64_t domain, const Tensor& rewards, const Tensor& done);
  /// Other episodes begin in these lanes of a domain, bool [K, B]: what ran there does not count.
  void begin(std::int64_t domain, const Tensor& lanes);
  /// The mean return of the episodes of each domain that ended since the last call, float64 [K, E];
  /// not a number where none did.
  [[nodiscard]] Tensor take_means();
  void visit_state(StateVisitor& visit);

 private:
  double discount_;
  Tensor running_;  // float64 [K, E, B]: return of the episode so far
  Tensor weight_;   // float64 [K, E, B]: discount of its next reward
  Tensor sum_;      // float64 [K, E]: returns of episodes that ended
  Tensor count_;    // float64 [K, E]
};

}  // namespace spurion::regimes
