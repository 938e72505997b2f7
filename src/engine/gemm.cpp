#include "engine/gemm.hpp"

#include <algorithm>

#include "core/clones.hpp"
#include "engine/simd.hpp"

namespace spurion::engine {

namespace {

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
  if (target.bias != nullptr) value += *target.bias;
  if (target.relu) value = value < 0.0F ? 0.0F : value;
  if (target.activation != nullptr) value = *target.activation > 0.0F ? value : 0.0F;
  *target.c = value;
}

/// C block of `Rows` x (`Vectors` * Lanes) in registers; `kSideBySide`: a.row_stride is 1.
template <int Lanes, int Rows, int Vectors, bool kSideBySide>
SPURION_INLINE void block(std::int64_t n, const MatrixView& a, const float* b,
                          std::int64_t b_stride, const Target& target) {
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
    b += b_stride;
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
SPURION_INLINE void block_of(std::int64_t rows, std::int64_t n, const MatrixView& a, const float* b,
                             std::int64_t b_stride, const Target& target) {
  if constexpr (Most > 0) {
    if (rows == Most) {
      block<Lanes, Most, Vectors, kSideBySide>(n, a, b, b_stride, target);
    } else {
      block_of<Lanes, Most - 4, Vectors, kSideBySide>(rows, n, a, b, b_stride, target);
    }
  }
}

/// Rows in blocks of about the same size, so that none is too small to keep the units busy.
template <int Lanes, int Rows, int Vectors, bool kSideBySide>
SPURION_INLINE void panel(std::int64_t m, std::int64_t n, const MatrixView& a, const float* b,
                          std::int64_t b_stride, const Target& target) {
  const auto part = [&](std::int64_t i) {
    return MatrixView{a.data + i * a.row_stride, a.row_stride, a.column_stride};
  };
  const std::int64_t fours = m / 4;
  const std::int64_t blocks = (4 * fours + Rows - 1) / Rows;
  std::int64_t i = 0;
  for (std::int64_t k = 0; k < blocks; ++k) {
    const std::int64_t rows = 4 * (fours / blocks + (k < fours % blocks ? 1 : 0));
    block_of<Lanes, Rows, Vectors, kSideBySide>(rows, n, part(i), b, b_stride, target.at(i, 0));
    i += rows;
  }
  if (m - i >= 2) {
    block<Lanes, 2, Vectors, kSideBySide>(n, part(i), b, b_stride, target.at(i, 0));
    i += 2;
  }
  if (m > i) block<Lanes, 1, Vectors, kSideBySide>(n, part(i), b, b_stride, target.at(i, 0));
}

template <int Lanes, int Rows, int Vectors>
SPURION_INLINE void panel(std::int64_t m, std::int64_t n, const MatrixView& a, const float* b,
                          std::int64_t b_stride, const Target& target) {
  if (a.row_stride == 1) {
    panel<Lanes, Rows, Vectors, true>(m, n, a, b, b_stride, target);
  } else {
    panel<Lanes, Rows, Vectors, false>(m, n, a, b, b_stride, target);
  }
}

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
SPURION_INLINE void add_columns(std::int64_t n, const MatrixView& a, const float* b,
                                std::int64_t b_stride, float* sums) {
  using V = typename Vector<Lanes>::Type;
  constexpr int kChains = 4;
  V sum[kChains][Vectors] = {};
  const auto add = [&](std::int64_t k, int chain) __attribute__((always_inline)) {
    const float factor = b[k * b_stride];
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
SPURION_INLINE void column(std::int64_t m, std::int64_t n, const MatrixView& a, const float* b,
                           std::int64_t b_stride, const Target& target) {
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
      add_columns<Lanes, 2>(n, rest(), b, b_stride, sums);
      take(2 * Lanes);
    }
    while (i + Lanes <= m) {
      add_columns<Lanes, 1>(n, rest(), b, b_stride, sums);
      take(Lanes);
    }
    if constexpr (Lanes > 4) {
      while (i + 4 <= m) {
        add_columns<4, 1>(n, rest(), b, b_stride, sums);
        take(4);
      }
    }
  } else if (a.column_stride == 1 && b_stride == 1) {
    // The widest vector that n fills: an order set by n alone.
    while (i < m) {
      if (Lanes <= 4 || n >= Lanes) {
        dot_rows<Lanes>(m - i, n, rest(), b, sums);
        take(std::min<std::int64_t>(Lanes, m - i));
        continue;
      }
      if constexpr (Lanes > 8) {
        if (n >= 8) {
          dot_rows<8>(m - i, n, rest(), b, sums);
          take(std::min<std::int64_t>(8, m - i));
          continue;
        }
      }
      dot_rows<4>(m - i, n, rest(), b, sums);
      take(std::min<std::int64_t>(4, m - i));
    }
  }
  for (; i < m; ++i) {
    float sum = 0.0F;
    for (std::int64_t k = 0; k < n; ++k) {
      sum += a.data[i * a.row_stride + k * a.column_stride] * b[k * b_stride];
    }
    finish(target.at(i, 0), sum);
  }
}

/// All columns that fill a vector of 4; the others are left to `column`.
template <int Lanes, int Rows, int Vectors>
SPURION_INLINE void columns(std::int64_t m, std::int64_t n, std::int64_t p, const MatrixView& a,
                            const float* b, std::int64_t b_stride, const Target& target) {
  std::int64_t j = 0;
  for (; j + Vectors * Lanes <= p; j += Vectors * Lanes) {
    panel<Lanes, Rows, Vectors>(m, n, a, b + j, b_stride, target.at(0, j));
  }
  for (; j + Lanes <= p; j += Lanes) {
    panel<Lanes, Lanes == 16 ? 2 * Rows : Rows + 4, 1>(m, n, a, b + j, b_stride, target.at(0, j));
  }
  if constexpr (Lanes >= 16) {
    for (; j + 8 <= p; j += 8) panel<8, 8, 1>(m, n, a, b + j, b_stride, target.at(0, j));
  }
  if constexpr (Lanes >= 8) {
    for (; j + 4 <= p; j += 4) panel<4, 8, 1>(m, n, a, b + j, b_stride, target.at(0, j));
  }
}

/// A slab of `kInner` rows of b stays in the second-level cache while all of a passes over it, and
/// a block of `kOuter` rows of a stays there while all columns of b do.
constexpr std::int64_t kInner = 512;
constexpr std::int64_t kOuter = 240;

template <int Lanes, int Rows, int Vectors>
SPURION_INLINE void gemm(std::int64_t m, std::int64_t n, std::int64_t p, const MatrixView& a,
                         const float* b, std::int64_t b_stride, float* c,
                         const Epilogue& epilogue) {
  const std::int64_t vectored = p - p % 4;
  const Target whole{c, p, false, epilogue.bias, epilogue.activation, epilogue.relu};
  if (vectored > 0) {
    for (std::int64_t k = 0; k < n; k += kInner) {
      const std::int64_t inner = n - k < kInner ? n - k : kInner;
      const bool last = k + inner == n;
      const Target target{c,
                          p,
                          k > 0,
                          last ? whole.bias : nullptr,
                          last ? whole.activation : nullptr,
                          last && whole.relu};
      for (std::int64_t i = 0; i < m; i += kOuter) {
        const std::int64_t outer = m - i < kOuter ? m - i : kOuter;
        const MatrixView part{a.data + i * a.row_stride + k * a.column_stride, a.row_stride,
                              a.column_stride};
        columns<Lanes, Rows, Vectors>(outer, inner, vectored, part, b + k * b_stride, b_stride,
                                      target.at(i, 0));
      }
    }
  }
  for (std::int64_t j = vectored; j < p; ++j) {
    column<Lanes>(m, n, a, b + j, b_stride, whole.at(0, j));
  }
}

#if defined(__x86_64__)
__attribute__((target("avx512f,avx512vl,avx512dq,avx512bw,fma"))) void gemm_avx512(
    std::int64_t m, std::int64_t n, std::int64_t p, const MatrixView& a, const float* b,
    std::int64_t b_stride, float* c, const Epilogue& epilogue) {
  gemm<16, 12, 2>(m, n, p, a, b, b_stride, c, epilogue);
}

__attribute__((target("avx2,fma"))) void gemm_avx2(std::int64_t m, std::int64_t n, std::int64_t p,
                                                   const MatrixView& a, const float* b,
                                                   std::int64_t b_stride, float* c,
                                                   const Epilogue& epilogue) {
  gemm<8, 4, 3>(m, n, p, a, b, b_stride, c, epilogue);
}
#endif

void gemm_portable(std::int64_t m, std::int64_t n, std::int64_t p, const MatrixView& a,
                   const float* b, std::int64_t b_stride, float* c, const Epilogue& epilogue) {
  gemm<4, 4, 2>(m, n, p, a, b, b_stride, c, epilogue);
}

using Kernel = void (*)(std::int64_t, std::int64_t, std::int64_t, const MatrixView&, const float*,
                        std::int64_t, float*, const Epilogue&);

Kernel best_kernel() {
#if defined(__x86_64__)
  if (machine_lanes() == 16) return gemm_avx512;
  if (machine_lanes() == 8) return gemm_avx2;
#endif
  return gemm_portable;
}

struct Turn {
  const float* in;
  std::int64_t rows;
  std::int64_t columns;
  float* out;
};

template <int Lanes>
SPURION_INLINE void turn_lanes(const Turn& turn) {
  const std::int64_t whole_rows = turn.rows - turn.rows % Lanes;
  const std::int64_t whole_columns = turn.columns - turn.columns % Lanes;
  for (std::int64_t i = 0; i < whole_rows; i += Lanes) {
    for (std::int64_t j = 0; j < whole_columns; j += Lanes) {
      typename Vector<Lanes>::Type square[Lanes];
#pragma GCC unroll 16
      for (int k = 0; k < Lanes; ++k) {
        square[k] = vector_at<Lanes>(turn.in + (i + k) * turn.columns + j);
      }
      turn_over<Lanes>(square);
#pragma GCC unroll 16
      for (int k = 0; k < Lanes; ++k) {
        vector_at<Lanes>(turn.out + (j + k) * turn.rows + i) = square[k];
      }
    }
  }
  for (std::int64_t i = 0; i < turn.rows; ++i) {
    for (std::int64_t j = i < whole_rows ? whole_columns : 0; j < turn.columns; ++j) {
      turn.out[j * turn.rows + i] = turn.in[i * turn.columns + j];
    }
  }
}

SPURION_KERNEL(turn, Turn)

}  // namespace

void small_gemm(std::int64_t m, std::int64_t n, std::int64_t p, const MatrixView& a, const float* b,
                std::int64_t b_stride, float* c, const Epilogue& epilogue) {
  static const Kernel kernel = best_kernel();
  kernel(m, n, p, a, b, b_stride, c, epilogue);
}

void transpose(const float* in, std::int64_t rows, std::int64_t columns, float* out) {
  turn({in, rows, columns, out});
}

SPURION_CLONES void apply(const Epilogue& epilogue, std::int64_t m, std::int64_t p,
                          float* __restrict c) {
  const float* __restrict bias = epilogue.bias;
  const float* __restrict activation = epilogue.activation;
  for (std::int64_t i = 0; i < m; ++i) {
    float* row = c + i * p;
    if (bias != nullptr) {
      for (std::int64_t j = 0; j < p; ++j) row[j] += bias[j];
    }
    if (epilogue.relu) {
      for (std::int64_t j = 0; j < p; ++j) row[j] = row[j] < 0.0F ? 0.0F : row[j];
    }
    if (activation != nullptr) {
      for (std::int64_t j = 0; j < p; ++j) row[j] = activation[i * p + j] > 0.0F ? row[j] : 0.0F;
    }
  }
}

void add_bias(float* rows, const float* bias, std::int64_t count, std::int64_t width) {
  apply({bias, false, nullptr}, count, width, rows);
}

namespace {

/// Sums of `Width` adjacent columns, held in registers over all rows.
template <int Width>
SPURION_INLINE void few_column_sums(const float* __restrict rows, std::int64_t count,
                                    std::int64_t stride, float* __restrict out) {
  constexpr int kChains = 4;
  float sums[kChains][Width] = {};
  std::int64_t i = 0;
  for (; i + kChains <= count; i += kChains) {
#pragma GCC unroll 4
    for (int chain = 0; chain < kChains; ++chain) {
#pragma GCC unroll 64
      for (int j = 0; j < Width; ++j) sums[chain][j] += rows[(i + chain) * stride + j];
    }
  }
  for (; i < count; ++i) {
#pragma GCC unroll 64
    for (int j = 0; j < Width; ++j) sums[0][j] += rows[i * stride + j];
  }
#pragma GCC unroll 64
  for (int j = 0; j < Width; ++j) {
    out[j] = (sums[0][j] + sums[1][j]) + (sums[2][j] + sums[3][j]);
  }
}

}  // namespace

SPURION_CLONES void column_sums(const float* __restrict rows, std::int64_t count,
                                std::int64_t width, float* __restrict out) {
  std::int64_t j = 0;
  for (; j + 64 <= width; j += 64) few_column_sums<64>(rows + j, count, width, out + j);
  for (; j + 16 <= width; j += 16) few_column_sums<16>(rows + j, count, width, out + j);
  for (; j < width; ++j) few_column_sums<1>(rows + j, count, width, out + j);
}

}  // namespace spurion::engine
