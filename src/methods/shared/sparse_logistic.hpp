#pragma once

#include <cstdint>
#include <vector>

#include "spurion/export.hpp"

namespace spurion::methods {

/// Rows for a logistic regression of two classes, in float64.
struct LogisticRows {
  std::int64_t features = 0;       ///< F
  std::vector<double> x = {};      ///< [F, n]: feature by feature
  std::vector<double> label = {};  ///< [n]: 0 or 1

  [[nodiscard]] std::int64_t count() const { return static_cast<std::int64_t>(label.size()); }
};

/// A linear predictor w x + b.
struct LogisticFit {
  std::vector<double> weights = {};  ///< [F]
  double bias = 0.0;
};

/// What was found, and what it cost.
struct LogisticSolution {
  LogisticFit fit;
  double flops = 0.0;  ///< floating-point operations, about
};

/// The minimum of ||w||_1 + C sum_i log(1 + exp(-s_i (w x_i + b))), with s_i = +-1 the label. The
/// bias b has no penalty. By a proximal Newton method with coordinate descent (Friedman et al.
/// 2010; Yuan et al. 2012, the solver of LIBLINEAR), until a step promises less than 1e-9 of the
/// objective. `start` is where it begins. Rows of one class have no minimum: b ends where the
/// objective is flat to that precision.
[[nodiscard]] SPURION_API LogisticSolution sparse_logistic(const LogisticRows& rows, double c,
                                                           const LogisticFit& start);

}  // namespace spurion::methods
