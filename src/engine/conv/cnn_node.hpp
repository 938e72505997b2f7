#pragma once

#include <cstdint>
#include <vector>

#include "spurion/model.hpp"

namespace spurion::engine {

/// Shapes of a convolutional network: layers of convolution 3x3 with a margin of one pixel, ReLU
/// and group normalisation, then the mean over pixels and a linear head. Parameters of a replica
/// lie flat: for each layer the weights [out, in, 3, 3], the bias and the weights and biases of the
/// normalisation; then the head's weights [in, out] and bias.
struct CnnShape {
  std::int64_t channels = 0;  ///< of the images
  std::int64_t height = 0;
  std::int64_t width = 0;
  std::vector<std::int64_t> widths;   ///< output channels of each layer
  std::vector<std::int64_t> strides;  ///< 1 or 2
  std::int64_t groups = 1;
  std::int64_t outputs = 1;

  [[nodiscard]] std::int64_t parameters() const;
};

/// Forward pass of K replicas as one autograd node: `parameters` [K, P] float32 contiguous, `x`
/// [K or 1, B, channels, height, width]. Logits and features are differentiable in `parameters`,
/// once. Replica by replica and sixteen images at a time, so that the working set stays in cache;
/// an image's outputs depend on the parameters and on that image alone.
Output cnn_forward(const CnnShape& shape, const Tensor& parameters, const Tensor& x);

}  // namespace spurion::engine
