#pragma once

#include <functional>
#include <mutex>
#include <utility>
#include <vector>

#include "environments/shared/numerics/quadrature.hpp"
#include "spurion/environment.hpp"

namespace spurion::environments {

/// Population of one domain of an environment where, given the label, core and cue are independent:
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
/// were even, and has one accuracy in all domains. Where the core says little, that probability
/// climbs steeply where L changes its sign: panels are as narrow there as it takes.
class RealCueCeilings {
 public:
  /// `reach`: nothing of note lies beyond |t| = reach. `side`: has the sign of the pooled train
  /// domains' L at t, also where the densities of the labels differ by less than a double shows of
  /// them; 0 at a tie.
  RealCueCeilings(double distance, std::vector<RealCueLaw> train, double reach,
                  environments::RealFunction side)
      : distance_(distance), train_(std::move(train)), reach_(reach), side_(std::move(side)) {}
  [[nodiscard]] Ceilings of(const RealCueLaw& here) const;

 private:
  /// What the train domains teach is the same for every domain: worked out once, at the first call.
  void learn() const;
  /// Log-odds that the pooled train domains give.
  [[nodiscard]] double pooled_log_odds(double t) const;
  /// P(right, t) of the predictor that adds these log-odds to those of the core.
  [[nodiscard]] double right(const RealCueLaw& here, double t, double log_odds) const;

  double distance_;
  std::vector<RealCueLaw> train_;
  double reach_;
  environments::RealFunction side_;
  mutable std::once_flag learned_;
  mutable environments::SignPieces pieces_;     ///< of the train domains' L
  mutable std::vector<double> breaks_;          ///< of integrals over what depends on it
  mutable std::vector<double> train_log_odds_;  ///< L at each node of those
};

}  // namespace spurion::environments
