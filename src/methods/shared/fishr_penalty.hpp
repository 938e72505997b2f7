#pragma once

#include "spurion/method.hpp"

namespace spurion::methods {

/// How much the variances of the last layer's gradients differ between domains (Rame et al. 2022,
/// arXiv:2109.02934): mean_e mean_q (m_eq - mean_e m_eq)^2 / (1 - s)^2, with v_eq the variance (of
/// the population) over the rows of domain e of number q of the gradient of each row's loss, and
/// m = s m_old + (1 - s) v its exponential average over the calls, from m = 0. Only v is
/// differentiated; the division makes the gradient by v independent of s. Rows with weights count
/// as much as they weigh.
class FishrPenalty {
 public:
  /// `smoothing` [K]: s.
  explicit FishrPenalty(const Tensor& smoothing);

  /// [K]. To be asked once for every minibatch: it remembers them.
  [[nodiscard]] Tensor operator()(const Output& output, const Batch& batch);
  void visit_state(StateVisitor& visit) { visit("average", average_); }

 private:
  Tensor smoothing_;  // [K, 1, 1]
  Tensor average_;    // [K, E, Q]
};

}  // namespace spurion::methods
