#pragma once

#include "spurion/tensor.hpp"

namespace spurion::harness {

/// The mean over visited states of a number of each replica.
class StateShare {
 public:
  /// `what` [K, B] of any type, where `going` bool [K, B].
  void add(const Tensor& what, const Tensor& going);
  [[nodiscard]] bool known() const { return sum_.defined(); }
  /// float64 [K].
  [[nodiscard]] Tensor mean() const;

 private:
  Tensor sum_;     // float64 [K]
  Tensor states_;  // float64 [K]
};

}  // namespace spurion::harness
