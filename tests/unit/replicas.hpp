#pragma once

#include <ATen/ATen.h>

#include <cstdint>
#include <cstring>
#include <vector>

#include "spurion/model.hpp"
#include "spurion/random.hpp"

namespace spurion::tests {

/// The keys that so many replicas start from.
inline std::vector<RandomKey> keys(std::int64_t count) {
  std::vector<RandomKey> all;
  for (std::int64_t k = 0; k < count; ++k) all.emplace_back(static_cast<std::uint64_t>(k));
  return all;
}

/// Parameters [K, P] as they start, moved a little: gains that are not 1, biases that are not 0.
inline Tensor moved(const Model& model, std::int64_t replicas) {
  const Tensor start = model.initialise(keys(replicas));
  return start + 0.1 * at::randn(start.sizes());
}

inline bool same_bits(const Tensor& a, const Tensor& b) {
  const Tensor left = a.contiguous();
  const Tensor right = b.contiguous();
  return left.sizes() == right.sizes() &&
         std::memcmp(left.data_ptr(), right.data_ptr(), left.nbytes()) == 0;
}

}  // namespace spurion::tests
