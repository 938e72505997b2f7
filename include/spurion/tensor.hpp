#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <vector>

/// \file
/// Shape letters used in every comment: K replicas, B rows, E domains, G groups, C outputs,
/// D input features, F hidden features, P parameters. Axis 0 is K wherever there is a K, also when
/// K = 1. Tensors are float32 unless said; labels are int64. They are in host memory unless said:
/// only what is trained, and what a method works with, may be on another device.

namespace spurion {

using Tensor = at::Tensor;                ///< A tensor of LibTorch.
using Device = c10::Device;               ///< Where a tensor is.
using Shape = std::vector<std::int64_t>;  ///< Sizes of a tensor.

/// Number of elements of a shape (1 for an empty one).
inline std::int64_t element_count(const Shape& shape) {
  std::int64_t count = 1;
  for (const std::int64_t extent : shape) count *= extent;
  return count;
}

}  // namespace spurion
