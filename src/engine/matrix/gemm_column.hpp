#pragma once

#include <algorithm>
#include <cstdint>

#include "engine/matrix/gemm.hpp"
#include "engine/matrix/gemm_block.hpp"
#include "engine/matrix/simd.hpp"

/// \file
/// A product with one column.

namespace spurion::engine::gemm_parts {

/// `Lanes` rows or fewer of a column of c whose rows of a lie in one piece, b too.
template <int Lanes>
SPURION_INLINE void dot_rows(std::int64_t rows, std::int64_t n, const MatrixView& a, const float* b,
                             float* sums) {
  using V = typename Vector<Lanes>::Type;
  const float* row[Lanes];
  V sum[Lanes];
#pragma GCC unroll 16
  for (int i = 0; i < Lanes; ++i) {
    row[i] = a.data + (i < rows ? i : rows - 1) * a.row_stride;
    sum[i] = V{};
  }
  std::int64_t k = 0;
  for (; k + Lanes <= n; k += Lanes) {
    const V factor = vector_at<Lanes>(b + k);
#pragma GCC unroll 16
    for (int i = 0; i < Lanes; ++i) sum[i] += vector_at<Lanes>(row[i] + k) * factor;
  }
  vector_at<Lanes>(sums) = lane_sums<Lanes>(sum);
  for (; k < n; ++k) {
    for (int i = 0; i < Lanes; ++i) sums[i] += row[i][k] * b[k];
  }
}

/// `Vectors` * Lanes rows of a column of c whose rows of a lie side by side.
template <int Lanes, int Vectors>
SPURION_INLINE void add_columns(std::int64_t n, const MatrixView& a, const RowMajor& b,
                                float* sums) {
  using V = typename Vector<Lanes>::Type;
  constexpr int kChains = 4;
  V sum[kChains][Vectors] = {};
  const auto add = [&](std::int64_t k, int chain) __attribute__((always_inline)) {
    const float factor = b.data[k * b.stride];
#pragma GCC unroll 4
    for (int j = 0; j < Vectors; ++j) {
      sum[chain][j] += vector_at<Lanes>(a.data + k * a.column_stride + j * Lanes) * factor;
    }
  };
  std::int64_t k = 0;
  for (; k + kChains <= n; k += kChains) {
#pragma GCC unroll 4
    for (int chain = 0; chain < kChains; ++chain) add(k + chain, chain);
  }
  for (; k < n; ++k) add(k, 0);
#pragma GCC unroll 4
  for (int j = 0; j < Vectors; ++j) {
    vector_at<Lanes>(sums + j * Lanes) = (sum[0][j] + sum[1][j]) + (sum[2][j] + sum[3][j]);
  }
}

/// One column of c: c[i] = sum_k a[i, k] b[k].
template <int Lanes>
SPURION_INLINE void column(std::int64_t m, std::int64_t n, const MatrixView& a, const RowMajor& b,
                           const Target& target) {
  float sums[2 * Lanes];
  std::int64_t i = 0;
  const auto rest = [&] {
    return MatrixView{a.data + i * a.row_stride, a.row_stride, a.column_stride};
  };
  const auto take = [&](std::int64_t rows) {
    for (std::int64_t row = 0; row < rows; ++row) finish(target.at(i + row, 0), sums[row]);
    i += rows;
  };
  if (a.row_stride == 1) {
    while (i + 2 * Lanes <= m) {
      add_columns<Lanes, 2>(n, rest(), b, sums);
      take(2 * Lanes);
    }
    while (i + Lanes <= m) {
      add_columns<Lanes, 1>(n, rest(), b, sums);
      take(Lanes);
    }
    if constexpr (Lanes > 4) {
      while (i + 4 <= m) {
        add_columns<4, 1>(n, rest(), b, sums);
        take(4);
      }
    }
  } else if (a.column_stride == 1 && b.stride == 1) {
    // The widest vector that n fills: an order set by n alone.
    while (i < m) {
      if (Lanes <= 4 || n >= Lanes) {
        dot_rows<Lanes>(m - i, n, rest(), b.data, sums);
        take(std::min<std::int64_t>(Lanes, m - i));
        continue;
      }
      if constexpr (Lanes > 8) {
        if (n >= 8) {
          dot_rows<8>(m - i, n, rest(), b.data, sums);
          take(std::min<std::int64_t>(8, m - i));
          continue;
        }
      }
      dot_rows<4>(m - i, n, rest(), b.data, sums);
      take(std::min<std::int64_t>(4, m - i));
    }
  }
  for (; i < m; ++i) {
    float sum = 0.0F;
    for (std::int64_t k = 0; k < n; ++k) {
      sum += a.data[i * a.row_stride + k * a.column_stride] * b.data[k * b.stride];
    }
    finish(target.at(i, 0), sum);
  }
}

}  // namespace spurion::engine::gemm_parts
