#pragma once

#include <cstdint>

#include "engine/matrix/gemm.hpp"

namespace spurion::engine {

/// c[M, P] = op(a) op(b) over contiguous row-major float arrays; op transposes where asked.
/// Chooses, from the shape alone, our own small product or oneDNN, so the bits of a result depend
/// on the shape and the operands and on nothing else. One set of oneDNN primitives per thread.
void product(std::int64_t m, std::int64_t n, std::int64_t p, const float* a, bool transpose_a,
             const float* b, bool transpose_b, float* c, const Epilogue& epilogue = {});

}  // namespace spurion::engine
