#pragma once

#include "spurion/method.hpp"

namespace spurion::methods {

/// How a penalty joins the loss, as in the code of Arjovsky et al. 2019 and Krueger et al. 2021:
/// the weight is `initial` before step `anneal_steps` and `weight` from then on; with `rescale`, a
/// weight above 1 divides the whole loss, which keeps gradients in a range one learning rate suits.
struct PenaltySchedule {
  Tensor weight;        ///< [K]
  Tensor anneal_steps;  ///< [K]
  double initial = 1.0;
  bool rescale = true;

  /// weights [K] at this step.
  [[nodiscard]] Tensor at(std::int64_t step) const;
  /// (loss + weight * penalty), rescaled. `loss` and `penalty` are [K].
  [[nodiscard]] Tensor combine(const Tensor& loss, const Tensor& penalty, std::int64_t step) const;
};

}  // namespace spurion::methods
