#include "engine/gemm.hpp"

#include "engine/simd.hpp"

namespace spurion::engine {

namespace {

/// C block of `Rows` x (`Vectors` * Lanes) in registers. With `Continue` the chain of multiply-adds
/// goes on from what c holds: the same bits as one longer chain.
template <int Lanes, int Rows, int Vectors, bool Continue>
SPURION_INLINE void block(std::int64_t n, const MatrixView& a, const float* b,
                          std::int64_t b_stride, float* c, std::int64_t c_stride) {
  using V = typename Vector<Lanes>::Type;
  V sum[Rows][Vectors];
#pragma GCC unroll 16
  for (int i = 0; i < Rows; ++i) {
#pragma GCC unroll 16
    for (int j = 0; j < Vectors; ++j) {
      if constexpr (Continue) {
        sum[i][j] = *reinterpret_cast<const V*>(c + i * c_stride + j * Lanes);
      } else {
        sum[i][j] = V{};
      }
    }
  }
  const float* a_column = a.data;
  for (std::int64_t k = 0; k < n; ++k) {
    V row[Vectors];
#pragma GCC unroll 16
    for (int j = 0; j < Vectors; ++j) {
      row[j] = *reinterpret_cast<const V*>(b + k * b_stride + j * Lanes);
    }
#pragma GCC unroll 16
    for (int i = 0; i < Rows; ++i) {
      const float value = a_column[i * a.row_stride];
#pragma GCC unroll 16
      for (int j = 0; j < Vectors; ++j) sum[i][j] += value * row[j];
    }
    a_column += a.column_stride;
  }
#pragma GCC unroll 16
  for (int i = 0; i < Rows; ++i) {
#pragma GCC unroll 16
    for (int j = 0; j < Vectors; ++j) {
      *reinterpret_cast<V*>(c + i * c_stride + j * Lanes) = sum[i][j];
    }
  }
}

template <int Lanes, int Rows, int Vectors, bool Continue>
SPURION_INLINE void panel(std::int64_t m, std::int64_t n, const MatrixView& a, const float* b,
                          std::int64_t b_stride, float* c, std::int64_t c_stride) {
  std::int64_t i = 0;
  const auto rest = [&](std::int64_t row) {
    return MatrixView{a.data + row * a.row_stride, a.row_stride, a.column_stride};
  };
  for (; i + Rows <= m; i += Rows) {
    block<Lanes, Rows, Vectors, Continue>(n, rest(i), b, b_stride, c + i * c_stride, c_stride);
  }
  for (; i + 4 <= m; i += 4) {
    block<Lanes, 4, Vectors, Continue>(n, rest(i), b, b_stride, c + i * c_stride, c_stride);
  }
  for (; i < m; ++i) {
    block<Lanes, 1, Vectors, Continue>(n, rest(i), b, b_stride, c + i * c_stride, c_stride);
  }
}

/// One column of c: c[i] = sum_k a[i, k] b[k].
template <int Lanes>
SPURION_INLINE void column(std::int64_t m, std::int64_t n, const MatrixView& a, const float* b,
                           std::int64_t b_stride, float* c, std::int64_t c_stride) {
  using V = typename Vector<Lanes>::Type;
  std::int64_t i = 0;
  if (a.row_stride == 1) {
    // Rows lie side by side: a vector of rows at a time.
    for (; i + Lanes <= m; i += Lanes) {
      V sum{};
      for (std::int64_t k = 0; k < n; ++k) {
        sum += *reinterpret_cast<const V*>(a.data + i + k * a.column_stride) * b[k * b_stride];
      }
      for (int lane = 0; lane < Lanes; ++lane) c[(i + lane) * c_stride] = sum[lane];
    }
  } else if (a.column_stride == 1 && b_stride == 1) {
    // A row lies in one piece: partial sums over the inner index, in an order set by n alone.
    for (; i < m; ++i) {
      const float* row = a.data + i * a.row_stride;
      V sum{};
      std::int64_t k = 0;
      for (; k + Lanes <= n; k += Lanes) {
        sum += *reinterpret_cast<const V*>(row + k) * *reinterpret_cast<const V*>(b + k);
      }
      float total = 0.0F;
      for (int lane = 0; lane < Lanes; ++lane) total += sum[lane];
      for (; k < n; ++k) total += row[k] * b[k];
      c[i * c_stride] = total;
    }
  }
  for (; i < m; ++i) {
    float sum = 0.0F;
    for (std::int64_t k = 0; k < n; ++k) {
      sum += a.data[i * a.row_stride + k * a.column_stride] * b[k * b_stride];
    }
    c[i * c_stride] = sum;
  }
}

/// All columns that fill a vector of 4; the others are left to `column`.
template <int Lanes, int Rows, int Vectors, bool Continue>
SPURION_INLINE void columns(std::int64_t m, std::int64_t n, std::int64_t p, const MatrixView& a,
                            const float* b, std::int64_t b_stride, float* c,
                            std::int64_t c_stride) {
  std::int64_t j = 0;
  for (; j + Vectors * Lanes <= p; j += Vectors * Lanes) {
    panel<Lanes, Rows, Vectors, Continue>(m, n, a, b + j, b_stride, c + j, c_stride);
  }
  for (; j + Lanes <= p; j += Lanes) {
    panel<Lanes, Rows, 1, Continue>(m, n, a, b + j, b_stride, c + j, c_stride);
  }
  if constexpr (Lanes >= 16) {
    for (; j + 8 <= p; j += 8) {
      panel<8, Rows, 1, Continue>(m, n, a, b + j, b_stride, c + j, c_stride);
    }
  }
  if constexpr (Lanes >= 8) {
    for (; j + 4 <= p; j += 4) {
      panel<4, Rows, 1, Continue>(m, n, a, b + j, b_stride, c + j, c_stride);
    }
  }
}

/// A slab of `kInner` rows of b stays in the second-level cache while all of a passes over it, and
/// a block of `kOuter` rows of a stays there while all columns of b do.
constexpr std::int64_t kInner = 512;
constexpr std::int64_t kOuter = 240;

template <int Lanes, int Rows, int Vectors>
SPURION_INLINE void gemm(std::int64_t m, std::int64_t n, std::int64_t p, const MatrixView& a,
                         const float* b, std::int64_t b_stride, float* c) {
  constexpr std::int64_t kNarrow = Lanes < 4 ? Lanes : 4;  // NOLINT(bugprone-branch-clone)
  const std::int64_t vectored = p - p % kNarrow;
  if (vectored > 0) {
    for (std::int64_t k = 0; k < n; k += kInner) {
      const std::int64_t inner = n - k < kInner ? n - k : kInner;
      for (std::int64_t i = 0; i < m; i += kOuter) {
        const std::int64_t outer = m - i < kOuter ? m - i : kOuter;
        const MatrixView part{a.data + i * a.row_stride + k * a.column_stride, a.row_stride,
                              a.column_stride};
        if (k == 0) {
          columns<Lanes, Rows, Vectors, false>(outer, inner, vectored, part, b, b_stride, c + i * p,
                                               p);
        } else {
          columns<Lanes, Rows, Vectors, true>(outer, inner, vectored, part, b + k * b_stride,
                                              b_stride, c + i * p, p);
        }
      }
    }
  }
  for (std::int64_t j = vectored; j < p; ++j) column<Lanes>(m, n, a, b + j, b_stride, c + j, p);
}

#if defined(__x86_64__)
__attribute__((target("avx512f,avx512vl,avx512dq,avx512bw,fma"))) void gemm_avx512(
    std::int64_t m, std::int64_t n, std::int64_t p, const MatrixView& a, const float* b,
    std::int64_t b_stride, float* c) {
  gemm<16, 12, 2>(m, n, p, a, b, b_stride, c);
}

__attribute__((target("avx2,fma"))) void gemm_avx2(std::int64_t m, std::int64_t n, std::int64_t p,
                                                   const MatrixView& a, const float* b,
                                                   std::int64_t b_stride, float* c) {
  gemm<8, 6, 2>(m, n, p, a, b, b_stride, c);
}
#endif

void gemm_portable(std::int64_t m, std::int64_t n, std::int64_t p, const MatrixView& a,
                   const float* b, std::int64_t b_stride, float* c) {
  gemm<4, 4, 2>(m, n, p, a, b, b_stride, c);
}

using Kernel = void (*)(std::int64_t, std::int64_t, std::int64_t, const MatrixView&, const float*,
                        std::int64_t, float*);

Kernel best_kernel() {
#if defined(__x86_64__)
  if (machine_lanes() == 16) return gemm_avx512;
  if (machine_lanes() == 8) return gemm_avx2;
#endif
  return gemm_portable;
}

}  // namespace

void small_gemm(std::int64_t m, std::int64_t n, std::int64_t p, const MatrixView& a, const float* b,
                std::int64_t b_stride, float* c) {
  static const Kernel kernel = best_kernel();
  kernel(m, n, p, a, b, b_stride, c);
}

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define SPURION_CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define SPURION_CLONES
#endif

void transpose(const float* in, std::int64_t rows, std::int64_t columns, float* out) {
  constexpr std::int64_t kTile = 16;
  for (std::int64_t i0 = 0; i0 < rows; i0 += kTile) {
    const std::int64_t i1 = i0 + kTile < rows ? i0 + kTile : rows;
    for (std::int64_t j = 0; j < columns; ++j) {
      for (std::int64_t i = i0; i < i1; ++i) out[j * rows + i] = in[i * columns + j];
    }
  }
}

SPURION_CLONES void add_bias(float* __restrict rows, const float* __restrict bias,
                             std::int64_t count, std::int64_t width) {
  for (std::int64_t i = 0; i < count; ++i) {
    float* row = rows + i * width;
    for (std::int64_t j = 0; j < width; ++j) row[j] += bias[j];
  }
}

SPURION_CLONES void add_bias_relu(float* __restrict rows, const float* __restrict bias,
                                  std::int64_t count, std::int64_t width) {
  for (std::int64_t i = 0; i < count; ++i) {
    float* row = rows + i * width;
    for (std::int64_t j = 0; j < width; ++j) {
      const float value = row[j] + bias[j];
      // Written so that NaN stays NaN: a diverged replica must be seen.
      row[j] = value < 0.0F ? 0.0F : value;
    }
  }
}

SPURION_CLONES void relu_backward(float* __restrict gradient, const float* __restrict activation,
                                  std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i) {
    gradient[i] = activation[i] > 0.0F ? gradient[i] : 0.0F;
  }
}

namespace {

/// Sums of `Width` adjacent columns, held in registers over all rows.
template <int Width>
SPURION_INLINE void few_column_sums(const float* __restrict rows, std::int64_t count,
                                    std::int64_t stride, float* __restrict out) {
  float sums[Width] = {};
  for (std::int64_t i = 0; i < count; ++i) {
#pragma GCC unroll 64
    for (int j = 0; j < Width; ++j) sums[j] += rows[i * stride + j];
  }
  for (int j = 0; j < Width; ++j) out[j] = sums[j];
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
