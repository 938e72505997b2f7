#pragma once

#include <vector>

#include "analysis/fits/curve_family.hpp"
#include "analysis/fits/repeated_fit.hpp"
#include "spurion/export.hpp"

namespace spurion::analysis::fits {

/// A value at one place, such as a mean over seeds.
struct Observation {
  std::vector<double> scale;  ///< one for each axis, above 0
  double value = 0.0;
  double deviation = 1.0;  ///< standard deviation of `value`, above 0
};

/// A curve of a family.
struct CurveFit {
  CurveFamily family;
  std::vector<double> reference;  ///< scales are divided by it, one for each axis
  FittedShape fit;

  /// The curve at a place.
  [[nodiscard]] SPURION_API double at(const std::vector<double>& scale) const;
  /// The parameters of the formula, for scales in their own units.
  [[nodiscard]] SPURION_API std::vector<LawParameter> parameters() const;
};

/// Geometric means of the scales, one for each axis: what fits divide scales by.
SPURION_API std::vector<double> reference_scales(const std::vector<Observation>& observations);
/// Logarithms of the scales divided by the reference, one list for each observation.
SPURION_API std::vector<std::vector<double>> log_scales(
    const std::vector<Observation>& observations, const std::vector<double>& reference);

/// The curve with the least sum of ((value - curve) / deviation)^2, by variable projection: the
/// best places of the family's whole grid of shapes are improved by Levenberg-Marquardt (MINPACK's,
/// in Eigen) within the bounds, with QR for the linear parameters. No random number enters, so the
/// same observations give the same fit. Throws `UsageError` if there are fewer observations than
/// free parameters, or a scale or deviation is not above 0.
SPURION_API CurveFit fit_curve(const CurveFamily& family,
                               const std::vector<Observation>& observations);

/// The curve with the least sum of Huber(log curve - log value), as in approach 3 of Hoffmann et
/// al. (2022): quadratic up to `delta`, linear beyond, so that outliers count little. It begins at
/// `fit_curve` of relative deviations and improves all parameters together. All values are above 0.
/// `loss` of the result is that sum.
SPURION_API CurveFit fit_robust(const CurveFamily& family,
                                const std::vector<Observation>& observations, double delta = 1e-3);

}  // namespace spurion::analysis::fits
