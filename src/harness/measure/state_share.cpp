#include "harness/measure/state_share.hpp"

#include <ATen/ATen.h>

namespace spurion::harness {

void StateShare::add(const Tensor& what, const Tensor& going) {
  const Tensor sum = (what.to(at::kDouble) * going.to(at::kDouble)).sum(1);
  const Tensor states = going.to(at::kDouble).sum(1);
  sum_ = sum_.defined() ? sum_ + sum : sum;
  states_ = states_.defined() ? states_ + states : states;
}

Tensor StateShare::mean() const { return sum_ / states_; }

}  // namespace spurion::harness
