#pragma once

#include <cstdint>
#include <vector>

#include "spurion/model.hpp"

namespace spurion::engine {

/// Shapes of a multilayer perceptron with ReLU between layers: widths[0] inputs, widths.back()
/// outputs. Parameters of a replica lie flat: weight [in, out] then bias [out], layer by layer.
struct MlpShape {
  std::vector<std::int64_t> widths;

  [[nodiscard]] std::size_t layers() const { return widths.size() - 1; }
  [[nodiscard]] std::int64_t parameters() const;
};

/// Forward pass of K replicas as one autograd node: `parameters` [K, P] float32 contiguous, `x`
/// [K or 1, B, D]. Logits are differentiable in `parameters`, once; features are too. Replica by
/// replica, so that one replica's working set stays in cache, and so that its bits do not depend on
/// K.
Output mlp_forward(const MlpShape& shape, const Tensor& parameters, const Tensor& x);

}  // namespace spurion::engine
