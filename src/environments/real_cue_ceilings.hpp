#pragma once

#include <functional>
#include <mutex>
#include <utility>
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
/// were even, and has one accuracy in all domains.
class RealCueCeilings {
 public:
  /// `reach`: nothing of note lies beyond |t| = reach.
  RealCueCeilings(double distance, std::vector<RealCueLaw> train, double reach)
      : distance_(distance), train_(std::move(train)), reach_(reach) {}
  [[nodiscard]] Ceilings of(const RealCueLaw& here) const;

 private:
  /// What the train domains teach is the same for every domain: worked out once, at the first call.
  void learn() const;
  /// Whether the cue's value speaks for +1, as the train domains teach it: 1, 0, or 1/2.
  [[nodiscard]] double answer(double t) const;

  double distance_;
  std::vector<RealCueLaw> train_;
  double reach_;
  mutable std::once_flag learned_;
  mutable std::vector<double> taught_;   ///< the train domains' L at each node of the quadrature
  mutable std::vector<double> changes_;  ///< where its sign changes
  mutable std::vector<double> answers_;  ///< `answer` below the first change, then between them
};

}  // namespace spurion
