#pragma once

#include <cstdint>

#include "spurion/export.hpp"

/// \file
/// Small dense products without call overhead: what oneDNN is too heavy for. The order in which an
/// element of C is summed depends on the shapes and strides alone, so its bits depend on nothing
/// but those and its own row and column.

namespace spurion::engine {

/// A matrix of floats in memory: element (i, j) is data[i * row_stride + j * column_stride].
struct MatrixView {
  const float* data;
  std::int64_t row_stride;
  std::int64_t column_stride;
};

/// Rows of floats that lie in one piece each; element (i, j) is data[i * stride + j].
struct RowMajor {
  const float* data;
  std::int64_t stride;
};

/// The sizes of a product: [M, P] = [M, N] [N, P].
struct ProductShape {
  std::int64_t m;
  std::int64_t n;
  std::int64_t p;
};

/// What a product does besides: its values are still in registers then.
struct Epilogue {
  const float* bias = nullptr;  ///< [P] added to every row
  bool relu = false;            ///< then max(0, .), where NaN stays NaN
  /// [M, P], laid out as c: where it is not above 0, c becomes 0 (the derivative of ReLU).
  const float* activation = nullptr;
  /// c = c + a b: sums go on from what c holds.
  bool accumulate = false;
};

/// c[M, P] (row-major, contiguous) = a[M, N] b[N, P]. For the best instruction set of this machine.
SPURION_API void small_gemm(const ProductShape& shape, const MatrixView& a, const RowMajor& b,
                            float* c, const Epilogue& epilogue = {});

/// out[columns, rows] = in[rows, columns]^T, both contiguous.
void transpose(const float* in, std::int64_t rows, std::int64_t columns, float* out);

/// What small_gemm does with its result, for products made by other means.
void apply(const Epilogue& epilogue, std::int64_t m, std::int64_t p, float* c);

/// rows[i, j] += bias[j]. Contiguous [count, width].
void add_bias(float* rows, const float* bias, std::int64_t count, std::int64_t width);

/// out[j] = sum_i rows[i, j], in an order set by `count` alone; added to what is there where
/// `accumulate`.
void column_sums(const float* rows, std::int64_t count, std::int64_t width, float* out,
                 bool accumulate = false);

}  // namespace spurion::engine
