#pragma once

#include "spurion/export.hpp"
#include "spurion/tensor.hpp"

namespace spurion::regimes {

/// log P(action), float32 [K, B, A] in host memory without a graph, of a policy with these logits
/// that explores: P = floor + (1 - A floor) softmax(logits), so no action is less probable than
/// `floor` in [0, 1 / A]. The numbers of an episode depend on its own logits only.
SPURION_API Tensor log_policy(const Tensor& logits, double floor);

}  // namespace spurion::regimes
