#pragma once

#include <cstdint>
#include <vector>

#include "spurion/regime.hpp"

namespace spurion::regimes {

/// A mixture of the train domains of each replica that moves to where the learner's regret is
/// highest:
///
///     p_e <- p_e exp(step regret_e / scale), normalised.
///
/// The regret is the return of the optimal policy of the domain, which the environment knows, minus
/// the mean return of the learner's training episodes there. The scale is the largest difference
/// between the returns of the optimal and the random policy, so that a step has no unit. Nothing
/// moves for a replica before an episode has ended in each domain.
class SPURION_API DomainMixture {
 public:
  DomainMixture(const RegimeContext& context, double step);

  /// Moves it by the mean returns of new episodes, float64 [K, E]; not a number where there are
  /// none: then those before count.
  void move(const Tensor& returns);
  /// float32 [K, E]: E times the mixture, the weight of a row of each domain. Their mean is 1.
  [[nodiscard]] Tensor weights() const;
  void visit_state(StateVisitor& visit);

 private:
  double step_;
  Tensor optimal_;  // float64 [K, E]
  Tensor scale_;    // float64 [K, 1]
  Tensor returns_;  // float64 [K, E]: the newest; not a number before the first
  Tensor mixture_;  // float64 [K, E]
};

}  // namespace spurion::regimes
