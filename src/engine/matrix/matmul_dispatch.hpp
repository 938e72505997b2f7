#pragma once

#include <cstdint>

#include "engine/matrix/gemm.hpp"

namespace spurion::engine {

/// A contiguous row-major matrix, or its transpose.
struct Operand {
  const float* data;
  bool transposed = false;
};

/// c[M, P] = a b over contiguous float arrays.
/// Chooses, from the shape alone, our own small product or oneDNN, so the bits of a result depend
/// on the shape and the operands and on nothing else. One set of oneDNN primitives per thread.
void product(const ProductShape& shape, const Operand& a, const Operand& b, float* c,
             const Epilogue& epilogue = {});

}  // namespace spurion::engine
