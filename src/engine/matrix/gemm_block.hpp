#pragma once

#include <cstdint>

#include "engine/matrix/gemm.hpp"
#include "engine/matrix/simd.hpp"

/// \file
/// Blocks of a product that are held in registers.

namespace spurion::engine::gemm_parts {

/// Where a block of c lies and what happens to it when its sums are complete.
struct Target {
  float* c;
  std::int64_t stride;
  bool resume;  ///< go on from what c holds: the same bits as one longer chain
  const float* bias;
  const float* activation;
  bool relu;

  [[nodiscard]] SPURION_INLINE Target at(std::int64_t i, std::int64_t j) const {
    const std::int64_t offset = i * stride + j;
    return {c + offset,
            stride,
            resume,
            bias == nullptr ? nullptr : bias + j,
            activation == nullptr ? nullptr : activation + offset,
            relu};
  }
};

SPURION_INLINE void finish(const Target& target, float value) {
  if (target.resume) value += *target.c;
  if (target.bias != nullptr) value += *target.bias;
  if (target.relu) value = value < 0.0F ? 0.0F : value;
  if (target.activation != nullptr) value = *target.activation > 0.0F ? value : 0.0F;
  *target.c = value;
}

/// C block of `Rows` x (`Vectors` * Lanes) in registers; `kSideBySide`: a.row_stride is 1.
template <int Lanes, int Rows, int Vectors, bool kSideBySide>
SPURION_INLINE void block(std::int64_t n, const MatrixView& a, const RowMajor& rows,
                          const Target& target) {
  const float* b = rows.data;
  using V = typename Vector<Lanes>::Type;
  V sum[Rows][Vectors];
  if (target.resume) {
#pragma GCC unroll 24
    for (int i = 0; i < Rows; ++i) {
#pragma GCC unroll 4
      for (int j = 0; j < Vectors; ++j) {
        sum[i][j] = vector_at<Lanes>(target.c + i * target.stride + j * Lanes);
      }
    }
  } else {
#pragma GCC unroll 24
    for (int i = 0; i < Rows; ++i) {
#pragma GCC unroll 4
      for (int j = 0; j < Vectors; ++j) sum[i][j] = V{};
    }
  }
  // Four rows to a pointer, whose strides are then factors of an address: no register is short.
  constexpr int kGroups = (Rows + 3) / 4;
  const std::int64_t row_stride = kSideBySide ? 1 : a.row_stride;
  const float* group[kGroups];
#pragma GCC unroll 6
  for (int i = 0; i < kGroups; ++i) group[i] = a.data + 4 * i * row_stride;
  for (std::int64_t k = 0; k < n; ++k) {
    V row[Vectors];
#pragma GCC unroll 4
    for (int j = 0; j < Vectors; ++j) row[j] = vector_at<Lanes>(b + j * Lanes);
#pragma GCC unroll 24
    for (int i = 0; i < Rows; ++i) {
      const float value = kSideBySide ? group[0][i] : group[i / 4][(i % 4) * row_stride];
#pragma GCC unroll 4
      for (int j = 0; j < Vectors; ++j) sum[i][j] += value * row[j];
    }
    b += rows.stride;
#pragma GCC unroll 6
    for (int i = 0; i < kGroups; ++i) group[i] += a.column_stride;
  }
  if (target.bias != nullptr) {
#pragma GCC unroll 4
    for (int j = 0; j < Vectors; ++j) {
      const V bias = vector_at<Lanes>(target.bias + j * Lanes);
#pragma GCC unroll 24
      for (int i = 0; i < Rows; ++i) sum[i][j] += bias;
    }
  }
  if (target.relu) {
#pragma GCC unroll 24
    for (int i = 0; i < Rows; ++i) {
#pragma GCC unroll 4
      // Written so that NaN stays NaN: a diverged replica must be seen.
      for (int j = 0; j < Vectors; ++j) sum[i][j] = sum[i][j] < V{} ? V{} : sum[i][j];
    }
  }
  if (target.activation != nullptr) {
#pragma GCC unroll 24
    for (int i = 0; i < Rows; ++i) {
#pragma GCC unroll 4
      for (int j = 0; j < Vectors; ++j) {
        const V active = vector_at<Lanes>(target.activation + i * target.stride + j * Lanes);
        sum[i][j] = active > V{} ? sum[i][j] : V{};
      }
    }
  }
#pragma GCC unroll 24
  for (int i = 0; i < Rows; ++i) {
#pragma GCC unroll 4
    for (int j = 0; j < Vectors; ++j) {
      vector_at<Lanes>(target.c + i * target.stride + j * Lanes) = sum[i][j];
    }
  }
}

/// A block of 4, 8, .. `Most` rows.
template <int Lanes, int Most, int Vectors, bool kSideBySide>
SPURION_INLINE void block_of(std::int64_t rows, std::int64_t n, const MatrixView& a,
                             const RowMajor& b, const Target& target) {
  if constexpr (Most > 0) {
    if (rows == Most) {
      block<Lanes, Most, Vectors, kSideBySide>(n, a, b, target);
    } else {
      block_of<Lanes, Most - 4, Vectors, kSideBySide>(rows, n, a, b, target);
    }
  }
}

/// Rows in blocks of about the same size, so that none is too small to keep the units busy.
template <int Lanes, int Rows, int Vectors, bool kSideBySide>
SPURION_INLINE void panel(std::int64_t m, std::int64_t n, const MatrixView& a, const RowMajor& b,
                          const Target& target) {
  const auto part = [&](std::int64_t i) {
    return MatrixView{a.data + i * a.row_stride, a.row_stride, a.column_stride};
  };
  const std::int64_t fours = m / 4;
  const std::int64_t blocks = (4 * fours + Rows - 1) / Rows;
  std::int64_t i = 0;
  for (std::int64_t k = 0; k < blocks; ++k) {
    const std::int64_t rows = 4 * (fours / blocks + (k < fours % blocks ? 1 : 0));
    block_of<Lanes, Rows, Vectors, kSideBySide>(rows, n, part(i), b, target.at(i, 0));
    i += rows;
  }
  if (m - i >= 2) {
    block<Lanes, 2, Vectors, kSideBySide>(n, part(i), b, target.at(i, 0));
    i += 2;
  }
  if (m > i) block<Lanes, 1, Vectors, kSideBySide>(n, part(i), b, target.at(i, 0));
}

template <int Lanes, int Rows, int Vectors>
SPURION_INLINE void panel(std::int64_t m, std::int64_t n, const MatrixView& a, const RowMajor& b,
                          const Target& target) {
  if (a.row_stride == 1) {
    panel<Lanes, Rows, Vectors, true>(m, n, a, b, target);
  } else {
    panel<Lanes, Rows, Vectors, false>(m, n, a, b, target);
  }
}

}  // namespace spurion::engine::gemm_parts
