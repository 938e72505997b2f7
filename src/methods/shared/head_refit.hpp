#pragma once

#include <cstdint>
#include <vector>

#include "spurion/export.hpp"

namespace spurion::methods {

/// Rows on which a last layer is trained further, in float64.
struct RefitRows {
  std::int64_t features = 0;             ///< F
  std::int64_t outputs = 1;              ///< C; 1: two classes with one logit
  std::vector<double> x = {};            ///< [F, n]: feature by feature
  std::vector<double> logits = {};       ///< [C, n]: of the last layer as it was
  std::vector<std::int64_t> label = {};  ///< [n]
  std::vector<double> weight = {};       ///< [n], of the loss of each row

  [[nodiscard]] std::int64_t count() const { return static_cast<std::int64_t>(label.size()); }
};

/// Gradient descent on all rows at once.
struct RefitDescent {
  std::int64_t steps = 500;
  double rate = 0.01;
  double anchor = 0.0;     ///< multiplier of the squared distance from the last layer as it was
  double clip_norm = 1.0;  ///< largest norm of a gradient; 0: not clipped
};

/// What is added to the last layer.
struct RefitAddend {
  std::vector<double> weights = {};  ///< [F, C]
  std::vector<double> bias = {};     ///< [C]
};

/// Minimises sum_i weight_i loss_i + anchor ||addend||^2 by gradient descent from 0; the loss is
/// the negative log-likelihood of the label.
[[nodiscard]] SPURION_API RefitAddend refit_head(const RefitRows& rows,
                                                 const RefitDescent& descent);

}  // namespace spurion::methods
