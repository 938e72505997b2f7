#pragma once

#include <vector>

#include "spurion/environment.hpp"

namespace spurion::environments {

/// The population of two latent numbers that tell a fair label, independent given it:
///
///     core ~ N(y c, 1),  shortcut ~ N(y s, 1),  s by domain
///
/// so that P(sign(core) = y) = Phi(c). Where the train domains share one s, their best predictor is
/// linear discriminant analysis, sign(c core + s shortcut), and all is closed form; otherwise its
/// log-odds are 2 c core + g(shortcut), g odd, and expectations are integrals over the shortcut.
class SPURION_API GaussianPair {
 public:
  /// `train` holds s of each train domain, all of one sign or 0.
  GaussianPair(double core, std::vector<double> train);

  [[nodiscard]] Ceilings ceilings(double shortcut) const;
  /// P(the train domains' best answer changes when the shortcut changes sign), in the domain with
  /// this s. For its answers, which follow one or the other, it is 1 - the same of the core.
  [[nodiscard]] Ceiling optimal_flip_rate(double shortcut) const;

 private:
  /// Pooled log-odds that a shortcut of this value adds.
  [[nodiscard]] double lean(double shortcut) const;
  /// E f(shortcut) where it is N(mean, 1), with the difference to half as many points as bound.
  template <class Function>
  [[nodiscard]] Ceiling expected(double mean, Function f) const;

  double core_;
  std::vector<double> train_;
  bool one_domain_;
};

}  // namespace spurion::environments
