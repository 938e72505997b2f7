#pragma once

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "catch.hpp"
#include "spurion/environment.hpp"

namespace spurion::tests {

/// A sample mean and its standard error.
struct Estimate {
  double mean = 0.0;
  double standard_error = 0.0;
  /// Whether `value`, itself known up to `bound`, is within four standard errors.
  [[nodiscard]] bool agrees(double value, double bound = 0.0) const {
    return std::abs(mean - value) <= 4.0 * standard_error + bound;
  }
  [[nodiscard]] bool agrees(const Ceiling& ceiling) const {
    return agrees(ceiling.value, ceiling.error_bound);
  }
};

/// Of independent values. The standard error is at least one value's share, as no hits among n
/// rows do not make a probability 0 (where all are 0 a hit would have been 1).
inline Estimate estimate(const Tensor& values) {
  const Tensor flat = values.to(at::kDouble).flatten();
  const auto count = static_cast<double>(flat.numel());
  const double largest = flat.abs().max().item<double>();
  return {flat.mean().item<double>(), std::max(flat.std().item<double>() / std::sqrt(count),
                                               (largest > 0.0 ? largest : 1.0) / count)};
}

/// Within four standard errors of a share that was counted in `rows` rows.
inline void check_share(double found, double expected, std::int64_t rows) {
  const double error = std::sqrt(expected * (1.0 - expected) / static_cast<double>(rows));
  CHECK(std::abs(found - expected) <= 4.0 * error + 1e-12);
}

/// Coefficients w with the least sum of (y - x w)^2, their standard errors (without assuming that
/// the noise has one scale), and float64 throughout.
struct LeastSquares {
  LeastSquares(const Tensor& inputs, const Tensor& target) {
    const Tensor x = inputs.to(at::kDouble);
    const Tensor y = target.to(at::kDouble).unsqueeze(1);
    const Tensor inverse = at::linalg_inv(x.t().matmul(x));
    const Tensor column = inverse.matmul(x.t().matmul(y));
    const Tensor score = x * (y - x.matmul(column));
    weights = column.squeeze(1);
    standard_errors = inverse.matmul(score.t().matmul(score)).matmul(inverse).diagonal().sqrt();
  }
  /// Squared error on each row.
  [[nodiscard]] Tensor squared_errors(const Tensor& inputs, const Tensor& target) const {
    return (target.to(at::kDouble) - inputs.to(at::kDouble).matmul(weights)).pow(2);
  }

  Tensor weights;
  Tensor standard_errors;
};

}  // namespace spurion::tests
