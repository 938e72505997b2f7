#pragma once

#include <cstdint>

#include "engine/matrix/simd.hpp"
#include "engine/risks/logistic_rows.hpp"

/// \file
/// The arithmetic of a pass over logistic rows, a chunk of them at a time.

namespace spurion::engine::logistic_parts {

/// Bits of a vector of floats.
template <int Lanes>
struct Bits {
  typedef std::int32_t Type __attribute__((vector_size(Lanes * sizeof(float)), aligned(4)));
};

inline constexpr std::int32_t kSignBit = INT32_MIN;
inline constexpr double kLogTwo = 0.69314718055994530942;

/// How many vectors of rows are worked on at once.
inline constexpr int kVectors = 4;

/// Most tiles of a chunk, and about how large the chunk's inputs may be: they and the values of two
/// replicas stay in the first-level cache.
inline constexpr std::int64_t kMostTiles = 4;
inline constexpr std::int64_t kChunkBytes = 12 << 10;

inline std::int64_t chunk_tiles(std::int64_t inputs) {
  const std::int64_t fit = kChunkBytes / (inputs * kTileRows * 4);
  return fit < 1 ? 1 : (fit < kMostTiles ? fit : kMostTiles);
}

/// Partial sums of one replica over the rows seen so far.
template <int Lanes>
struct Sums {
  typename Vector<Lanes>::Type linear;   ///< sum of max(m, 0), in units of log 2
  typename Vector<Lanes>::Type product;  ///< mantissa of the product of 1 + exp(-|z|)
  typename Bits<Lanes>::Type exponent;   ///< and its exponent
};

/// The larger of two numbers lane by lane; NaN where `b` is NaN.
template <int Lanes>
SPURION_INLINE typename Vector<Lanes>::Type larger(const typename Vector<Lanes>::Type& a,
                                                   const typename Vector<Lanes>::Type& b) {
#if defined(__x86_64__)
  if constexpr (Lanes > 4) {
    // One instruction, which the compiler does not find because of NaN.
    typename Vector<Lanes>::Type out;
    asm("vmaxps %2, %1, %0" : "=v"(out) : "v"(a), "v"(b));
    return out;
  }
#endif
  return a > b ? a : b;
}

/// z = inputs' weights + bias of a chunk: `Columns` inputs at once, added to what the inputs before
/// them gave.
template <int Lanes, int Columns>
SPURION_INLINE void add_columns(const float* inputs, std::int64_t stride, std::int64_t tiles,
                                const float* weights, float* z) {
  using V = typename Vector<Lanes>::Type;
  V weight[Columns];
#pragma GCC unroll 16
  for (int c = 0; c < Columns; ++c) weight[c] = V{} + weights[c];
  for (std::int64_t tile = 0; tile < tiles; ++tile) {
    for (std::int64_t part = 0; part < kTileRows; part += kVectors * Lanes) {
      const float* x = inputs + tile * stride + part;
      float* out = z + tile * kTileRows + part;
      V sum[kVectors];
#pragma GCC unroll 4
      for (int v = 0; v < kVectors; ++v) sum[v] = vector_at<Lanes>(out + v * Lanes);
#pragma GCC unroll 16
      for (int c = 0; c < Columns; ++c) {
#pragma GCC unroll 4
        for (int v = 0; v < kVectors; ++v) {
          sum[v] += weight[c] * vector_at<Lanes>(x + c * kTileRows + v * Lanes);
        }
      }
#pragma GCC unroll 4
      for (int v = 0; v < kVectors; ++v) vector_at<Lanes>(out + v * Lanes) = sum[v];
    }
  }
}

template <int Lanes>
SPURION_INLINE void chunk_affine(const LogisticRows& rows, std::int64_t first_tile,
                                 std::int64_t tiles, const float* weights, float* z) {
  const std::int64_t first = first_tile * kTileRows;
  const std::int64_t end = tiles * kTileRows;
  const std::int64_t valid = rows.rows - first < end ? rows.rows - first : end;
  const float bias = weights[rows.inputs];
  for (std::int64_t row = 0; row < valid; ++row) z[row] = bias;
  // Padding rows have z = 0, with a bias too.
  for (std::int64_t row = valid; row < end; ++row) z[row] = 0.0F;
  const float* inputs = rows.tiles + first * rows.inputs;
  const std::int64_t stride = rows.inputs * kTileRows;
  std::int64_t d = 0;
  for (; d + 10 <= rows.inputs; d += 10) {
    add_columns<Lanes, 10>(inputs + d * kTileRows, stride, tiles, weights + d, z);
  }
  for (; d + 4 <= rows.inputs; d += 4) {
    add_columns<Lanes, 4>(inputs + d * kTileRows, stride, tiles, weights + d, z);
  }
  for (; d < rows.inputs; ++d) {
    add_columns<Lanes, 1>(inputs + d * kTileRows, stride, tiles, weights + d, z);
  }
}

/// Turns z of a chunk, in units of log 2, into residuals s(z) - y, in place, and adds up the loss.
/// With m = z for label 0 and -z for label 1, both are functions of m alone: the residual is
/// +-s(m), the loss max(m, 0) + log(1 + exp(-|m|)). Works on a few vectors step by step, so that
/// one's arithmetic fills the time another waits for its own.
template <int Lanes, bool Curvature>
SPURION_INLINE void chunk_residuals(const float* labels, std::int64_t rows, float* values,
                                    float* curvature, Sums<Lanes>& sums) {
  using V = typename Vector<Lanes>::Type;
  using I = typename Bits<Lanes>::Type;
  constexpr float kRound = 12582912.0F;  // 1.5 * 2^23: adding it rounds to an integer
  const V least = V{} - 126.0F;          // exponent of the least normal number
  const V one = V{} + 1.0F;
  Sums<Lanes> now = sums;
#define SPURION_EACH _Pragma("GCC unroll 4") for (int v = 0; v < kVectors; ++v)
  for (std::int64_t row = 0; row < rows; row += kVectors * Lanes) {
    V t[kVectors], f[kVectors], square[kVectors], p[kVectors], q[kVectors], r[kVectors];
    V m[kVectors];
    I shifted[kVectors];
    // exp(-|z|) = 2^t = 2^(n + f), n an integer and |f| <= 1/2. NaN stays NaN.
    SPURION_EACH {
      const I bits = reinterpret_cast<I>(vector_at<Lanes>(values + row + v * Lanes));
      t[v] = larger<Lanes>(least, reinterpret_cast<V>(bits | kSignBit));
      m[v] = reinterpret_cast<V>(bits ^
                                 reinterpret_cast<I>(vector_at<Lanes>(labels + row + v * Lanes)));
    }
    SPURION_EACH {
      const V sum = t[v] + kRound;
      shifted[v] = reinterpret_cast<I>(sum);
      q[v] = sum - kRound;
    }
    SPURION_EACH f[v] = t[v] - q[v];
    // Minimax polynomial of 2^f, relative error 7.5e-8.
    SPURION_EACH square[v] = f[v] * f[v];
    SPURION_EACH p[v] = 1.3276471979478776e-3F * f[v] + 9.67554133421605e-3F;
    SPURION_EACH q[v] = 5.550713273542586e-2F * f[v] + 2.4022119723848476e-1F;
    SPURION_EACH r[v] = 6.931469670647331e-1F * f[v] + 1.0000000716546822F;
    SPURION_EACH p[v] = p[v] * square[v] + q[v];
    SPURION_EACH p[v] = p[v] * square[v] + r[v];
    // The integer n stands in the low bits of `shifted`: add it to the exponent of p.
    SPURION_EACH p[v] = reinterpret_cast<V>(reinterpret_cast<I>(p[v]) + (shifted[v] << 23));
    SPURION_EACH q[v] = 1.0F + p[v];
    SPURION_EACH now.product *= q[v];
    SPURION_EACH now.linear += larger<Lanes>(V{}, m[v]);
    if constexpr (Curvature) {
      SPURION_EACH q[v] = 1.0F / q[v];
      SPURION_EACH p[v] = p[v] * q[v];
      SPURION_EACH vector_at<Lanes>(curvature + row + v * Lanes) = p[v] * q[v];
      SPURION_EACH p[v] = m[v] < 0.0F ? p[v] : q[v];
    } else {
      SPURION_EACH p[v] = m[v] < 0.0F ? p[v] : one;
      SPURION_EACH p[v] = p[v] / q[v];
    }
    SPURION_EACH {
      vector_at<Lanes>(values + row + v * Lanes) =
          reinterpret_cast<V>(reinterpret_cast<I>(p[v]) ^
                              reinterpret_cast<I>(vector_at<Lanes>(labels + row + v * Lanes)));
    }
  }
#undef SPURION_EACH
  // A lane takes in at most kMostTiles * kTileRows / 4 = 64 factors up to 2 in a chunk: back to a
  // mantissa in [1, 2) and an exponent.
  const I bits = reinterpret_cast<I>(now.product);
  now.exponent += (bits >> 23) - 127;
  now.product = reinterpret_cast<V>((bits & 0x007fffff) | 0x3f800000);
  sums = now;
}

/// Multiplies the directional derivatives of z of a chunk by the curvature, in place.
template <int Lanes>
SPURION_INLINE void chunk_bends(const float* curvature, std::int64_t rows, float* values) {
  for (std::int64_t row = 0; row < rows; row += Lanes) {
    vector_at<Lanes>(values + row) *= vector_at<Lanes>(curvature + row);
  }
}

/// Values of the rows of a chunk, of two replicas.
struct PairedValues {
  const float* left;
  const float* right;
};

/// Sums over the rows of a chunk, of two replicas.
struct PairedSums {
  float* left;
  float* right;
};

/// The inputs of a chunk: `tiles` tiles of `count` inputs each.
struct InputTiles {
  const float* data;
  std::int64_t count;
  std::int64_t tiles;
};

/// sums[d] += sum over a chunk of values * input d, for two replicas and `Columns` inputs; with
/// `Values`, also the sum of the values, which belongs to the bias, before them.
template <int Lanes, int Columns, bool Values>
SPURION_INLINE void weighted_columns(const float* inputs, std::int64_t stride, std::int64_t tiles,
                                     const PairedValues& values, const PairedSums& sums) {
  float* const left = sums.left;
  float* const right = sums.right;
  using V = typename Vector<Lanes>::Type;
  V a[Columns + 1];
  V b[Columns + 1];
#pragma GCC unroll 16
  for (int c = 0; c <= Columns; ++c) a[c] = b[c] = V{};
  for (std::int64_t tile = 0; tile < tiles; ++tile) {
#pragma GCC unroll 2
    for (std::int64_t part = 0; part < kTileRows; part += Lanes) {
      const V l = vector_at<Lanes>(values.left + tile * kTileRows + part);
      const V r = vector_at<Lanes>(values.right + tile * kTileRows + part);
      if constexpr (Values) {
        a[Columns] += l;
        b[Columns] += r;
      }
#pragma GCC unroll 16
      for (int c = 0; c < Columns; ++c) {
        const V x = vector_at<Lanes>(inputs + tile * stride + c * kTileRows + part);
        a[c] += l * x;
        b[c] += r * x;
      }
    }
  }
#pragma GCC unroll 16
  for (int c = 0; c < Columns; ++c) {
    vector_at<Lanes>(left + c * Lanes) += a[c];
    vector_at<Lanes>(right + c * Lanes) += b[c];
  }
  if constexpr (Values) {
    vector_at<Lanes>(left - Lanes) += a[Columns];
    vector_at<Lanes>(right - Lanes) += b[Columns];
  }
}

template <int Lanes, int Columns>
SPURION_INLINE std::int64_t next_columns(const InputTiles& inputs, std::int64_t d,
                                         const PairedValues& values, const PairedSums& sums) {
  const float* from = inputs.data + d * kTileRows;
  const PairedSums to{sums.left + (d + 1) * Lanes, sums.right + (d + 1) * Lanes};
  const std::int64_t stride = inputs.count * kTileRows;
  if (d == 0) {
    weighted_columns<Lanes, Columns, true>(from, stride, inputs.tiles, values, to);
  } else {
    weighted_columns<Lanes, Columns, false>(from, stride, inputs.tiles, values, to);
  }
  return d + Columns;
}

template <int Lanes>
SPURION_INLINE void all_weighted_columns(const InputTiles& inputs, const PairedValues& values,
                                         const PairedSums& sums) {
  for (std::int64_t d = 0; d < inputs.count;) {
    switch (inputs.count - d) {
      case 1:
        d = next_columns<Lanes, 1>(inputs, d, values, sums);
        break;
      case 2:
      case 3:
        d = next_columns<Lanes, 2>(inputs, d, values, sums);
        break;
      case 4:
      case 6:
        d = next_columns<Lanes, 4>(inputs, d, values, sums);
        break;
      case 5:
      case 7:
      case 9:
      case 10:
        d = next_columns<Lanes, 5>(inputs, d, values, sums);
        break;
      default:
        d = next_columns<Lanes, 8>(inputs, d, values, sums);
    }
  }
}

}  // namespace spurion::engine::logistic_parts
