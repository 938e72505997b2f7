#pragma once

#include <cstdint>
#include <vector>

#include "spurion/export.hpp"

namespace spurion::methods {

/// Rows of a linear regression, in float64.
struct RidgeRows {
  std::int64_t features = 0;        ///< F
  std::int64_t outputs = 1;         ///< C
  bool intercept = true;            ///< whether there are biases
  std::vector<double> x = {};       ///< [n, F]
  std::vector<double> y = {};       ///< [n, C]
  std::vector<double> weight = {};  ///< [n], >= 0, of the squared error of each row

  [[nodiscard]] std::int64_t count() const { return static_cast<std::int64_t>(weight.size()); }
};

/// The coefficients of a ridge regression.
struct RidgeSolution {
  std::vector<double> weights = {};  ///< [F, C]
  std::vector<double> bias = {};     ///< [C]; 0 without intercept
  double flops = 0.0;
};

/// Minimises (1/n) sum_i weight_i |y_i - w' x_i - b|^2 + l2 |w|^2 exactly: by the F x F system of
/// the features, or the n x n system of the rows, whichever is smaller. With l2 = 0 it is least
/// squares; of several solutions the one of least norm, to a relative precision of 1e-6.
[[nodiscard]] SPURION_API RidgeSolution ridge_solution(RidgeRows rows, double l2);

}  // namespace spurion::methods
