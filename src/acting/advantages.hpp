#pragma once

#include "spurion/export.hpp"
#include "spurion/tensor.hpp"

namespace spurion::acting {

/// What T steps of K x B lanes gave, float32 in host memory.
struct Trajectory {
  Tensor rewards;  ///< [K, T, B]
  Tensor done;     ///< bool [K, T, B]: the episode was over after the step
  Tensor values;   ///< [K, T + 1, B] estimated values of the states; the last is where it stopped
};

/// Generalised advantage estimation (Schulman et al. 2016).
struct Advantages {
  Tensor advantage;  ///< [K, T, B]
  Tensor returns;    ///< [K, T, B]: advantage + value, the target of the value
};
/// `discount` and `lambda` in [0, 1]; lambda = 1: the return minus the value.
SPURION_API Advantages generalised_advantages(const Trajectory& trajectory, double discount,
                                              double lambda);

}  // namespace spurion::acting
