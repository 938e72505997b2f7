#pragma once

#include "spurion/export.hpp"
#include "spurion/tensor.hpp"

namespace spurion::engine {

enum class Transpose { no, yes };

/// out[k] = op(a[k]) op(b[k]) for float32 tensors [K or 1, M, N] and [K or 1, N, P]; a leading 1 is
/// shared by all replicas. Differentiable any number of times.
///
/// Each replica's product is computed as if alone, so the result for replica k is the same bits
/// whatever K is.
SPURION_API Tensor batched_matmul(const Tensor& a, Transpose transpose_a, const Tensor& b,
                                  Transpose transpose_b);

}  // namespace spurion::engine
