#pragma once

#include <functional>
#include <vector>

#include "spurion/environment.hpp"

namespace spurion {

/// Population of one domain of a world where, given the label, core and cue are independent:
///
///     P(y = +1) = prior,  s ~ N(y * distance, 1),  cue t with a density on the real line.
struct RealCueLaw {
  double prior = 0.5;  ///< in (0, 1)
  /// log p(t | y); y is -1 or +1.
  std::function<double(double t, int y)> log_density;
};

/// All ceilings by quadrature over t: given t the best answer is +1 where
/// 2 distance s + L(t) > 0, with L the log-odds of the prior and the cue, so that
///
///     P(right | y, t) = Phi(distance + y L(t) / (2 distance)).
///
/// L is the domain's own for Bayes and the pooled train domains' for ERM; the cue alone answers
/// with the sign of the latter. The invariant predictor has L = 0: it reads the core as if labels
/// were even, and has one accuracy in all domains. `reach`: nothing of note lies beyond
/// |t| = reach.
[[nodiscard]] Ceilings real_cue_ceilings(double distance, const RealCueLaw& here,
                                         const std::vector<RealCueLaw>& train, double reach);

}  // namespace spurion
