#pragma once

#include <limits>
#include <vector>

#include "analysis/fits/curve_family.hpp"
#include "spurion/export.hpp"

/// \file
/// How far the truth follows while a proxy is optimised: the forms of Gao et al. (2022,
/// arXiv:2210.10760) of the gain R in the truth at the distance d, the root of a Kullback-Leibler
/// divergence in nats. R(0) = 0.

namespace spurion::analysis::fits {

/// What optimises the proxy.
enum class Pressure {
  selection,  ///< the best of n: R = d (alpha - beta d)
  gradient    ///< a loss: R = d (alpha - beta log d)
};
/// "d (alpha - beta d)" or "d (alpha - beta log d)".
SPURION_API const char* pressure_formula(Pressure pressure);

/// The family of a form: alpha and beta are linear, so there is nothing to search.
SPURION_API CurveFamily pressure_family(Pressure pressure);

/// A fitted form.
struct SPURION_API OverOptimisation {
  Pressure pressure = Pressure::selection;
  double alpha = std::numeric_limits<double>::quiet_NaN();
  double beta = std::numeric_limits<double>::quiet_NaN();

  /// The gain at a distance above 0.
  [[nodiscard]] double at(double d) const;
  /// The distance with the largest gain: alpha / (2 beta), or exp(alpha / beta - 1). NaN where the
  /// form has no peak: alpha <= 0 for a selection, or beta <= 0.
  [[nodiscard]] double peak() const;
  /// The gain there: alpha^2 / (4 beta), or beta exp(alpha / beta - 1).
  [[nodiscard]] double peak_gain() const;
};

/// The gain at one distance.
struct PressurePoint {
  double d = 0.0;
  double gain = 0.0;
  double deviation = 1.0;  ///< standard deviation of `gain`, above 0: its weight
};

/// The form with the least sum of ((gain - R) / deviation)^2. Points with d <= 0 are left out,
/// since R(0) = 0 always. alpha and beta are NaN where fewer than 2 distances are left, or a number
/// is not finite.
SPURION_API OverOptimisation fit_over_optimisation(Pressure pressure,
                                                   const std::vector<PressurePoint>& points);

}  // namespace spurion::analysis::fits
