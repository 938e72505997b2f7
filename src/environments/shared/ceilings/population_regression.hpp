#pragma once

#include <cstdint>
#include <vector>

#include "environments/shared/numerics/linear_algebra.hpp"
#include "spurion/export.hpp"

/// \file
/// Least squares on populations instead of samples: an environment whose variables have mean zero
/// enters through its second moments alone.

namespace spurion::environments {

/// Second moments of inputs and a target, all with mean zero.
struct Moments {
  Matrix inputs;        ///< E[x x'], [D, D]
  Vector cross;         ///< E[x y], [D]
  double target = 0.0;  ///< E[y^2]
};

/// Moments of a mixture with equal parts.
[[nodiscard]] SPURION_API Moments average(const std::vector<Moments>& parts);
/// Moments of a mixture of `a` and, with probability `share`, `b`.
[[nodiscard]] Moments blend(const Moments& a, const Moments& b, double share);
/// Moments of inputs first .. first + count - 1 and the target.
[[nodiscard]] Moments select(const Moments& moments, std::int64_t first, std::int64_t count);
/// Moments after inputs first .. first + count - 1 became an independent draw from their own joint
/// law: they keep their covariance with one another and lose all else.
[[nodiscard]] Moments detach(const Moments& moments, std::int64_t first, std::int64_t count);

/// The coefficients with the least mean squared error.
[[nodiscard]] Vector least_squares(const Moments& moments);
/// E[(y - w'x)^2]
[[nodiscard]] SPURION_API double squared_error(const Moments& moments, const Vector& weights);
/// The least mean squared error of a linear predictor; of any predictor when all is Gaussian.
[[nodiscard]] double residual_variance(const Moments& moments);

}  // namespace spurion::environments
