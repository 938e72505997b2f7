#include "engine/logistic_rows.hpp"

#include <cmath>
#include <vector>

#include "engine/simd.hpp"

namespace spurion::engine {

namespace {

/// Bits of a vector of floats.
template <int Lanes>
struct Bits {
  typedef std::int32_t Type __attribute__((vector_size(Lanes * sizeof(float)), aligned(4)));
};

constexpr std::int32_t kSignBit = INT32_MIN;

/// Vectors of a row chunk; the chunk's columns stay in the first-level cache.
constexpr std::int64_t kChunkVectors = 32;

/// Partial sums of one replica over the rows seen so far.
template <int Lanes>
struct Sums {
  typename Vector<Lanes>::Type linear{};   ///< sum of max(z, 0) - y z
  typename Vector<Lanes>::Type product{};  ///< mantissa of the product of 1 + exp(-|z|)
  typename Bits<Lanes>::Type exponent{};   ///< and its exponent
};

/// z = columns' weights for `Replicas` replicas and two vectors of rows.
template <int Lanes, int Replicas>
SPURION_INLINE void affine(const LogisticRows& rows, const LogisticReplica* replicas,
                           std::int64_t first, typename Vector<Lanes>::Type (&z)[Replicas][2]) {
  using V = typename Vector<Lanes>::Type;
#pragma GCC unroll 8
  for (int k = 0; k < Replicas; ++k) z[k][0] = z[k][1] = V{};
  for (std::int64_t d = 0; d < rows.width; ++d) {
    const float* column = rows.columns + d * rows.stride + first;
    const V x0 = *reinterpret_cast<const V*>(column);
    const V x1 = *reinterpret_cast<const V*>(column + Lanes);
#pragma GCC unroll 8
    for (int k = 0; k < Replicas; ++k) {
      const float weight = replicas[k].weights[d];
      z[k][0] += weight * x0;
      z[k][1] += weight * x1;
    }
  }
}

/// Residual s(z) - y of a vector of rows; adds to the sums of the loss and gives the curvature.
template <int Lanes>
SPURION_INLINE typename Vector<Lanes>::Type residual(typename Vector<Lanes>::Type z,
                                                     typename Vector<Lanes>::Type y,
                                                     Sums<Lanes>& sums,
                                                     typename Vector<Lanes>::Type& curvature) {
  using V = typename Vector<Lanes>::Type;
  using I = typename Bits<Lanes>::Type;
  // exp(-|z|) = 2^(n + f), n an integer and |f| <= 1/2. Below the least normal result it stays
  // there; NaN stays NaN.
  constexpr float kLeast = -87.0F;
  constexpr float kLogTwoE = 1.44269504088896341F;
  constexpr float kRound = 12582912.0F;  // 1.5 * 2^23: adding it rounds to an integer
  const V negative = reinterpret_cast<V>(reinterpret_cast<I>(z) | kSignBit);
  const V x = negative < kLeast ? V{} + kLeast : negative;
  const V shifted = x * kLogTwoE + kRound;
  const V f = x * kLogTwoE - (shifted - kRound);
  // Minimax polynomial of 2^f, relative error 7.5e-8.
  V p = V{} + 1.3276471979478776e-3F;
  p = p * f + 9.67554133421605e-3F;
  p = p * f + 5.550713273542586e-2F;
  p = p * f + 2.4022119723848476e-1F;
  p = p * f + 6.931469670647331e-1F;
  p = p * f + 1.0000000716546822F;
  // The integer n stands in the low bits of `shifted`: add it to the exponent of p.
  const V e = reinterpret_cast<V>(reinterpret_cast<I>(p) + (reinterpret_cast<I>(shifted) << 23));
  const V whole = 1.0F + e;
  const V inverse = 1.0F / whole;
  const V other = e * inverse;
  const V s = z < 0.0F ? other : inverse;
  sums.product *= whole;
  sums.linear += (z < 0.0F ? V{} : z) - y * z;
  curvature = other * inverse;
  return s - y;
}

/// gradient[d] += sum of values * column d over a chunk, for two replicas and `Columns` columns.
template <int Lanes, int Columns>
SPURION_INLINE void weighted_columns(const LogisticRows& rows, std::int64_t first,
                                     std::int64_t vectors, std::int64_t d,
                                     const typename Vector<Lanes>::Type* left,
                                     const typename Vector<Lanes>::Type* right,
                                     typename Vector<Lanes>::Type* left_sums,
                                     typename Vector<Lanes>::Type* right_sums) {
  using V = typename Vector<Lanes>::Type;
  V a[Columns];
  V b[Columns];
#pragma GCC unroll 8
  for (int c = 0; c < Columns; ++c) a[c] = b[c] = V{};
  const float* base = rows.columns + d * rows.stride + first;
  for (std::int64_t v = 0; v < vectors; ++v) {
    const V l = left[v];
    const V r = right[v];
#pragma GCC unroll 8
    for (int c = 0; c < Columns; ++c) {
      const V x = *reinterpret_cast<const V*>(base + c * rows.stride + v * Lanes);
      a[c] += l * x;
      b[c] += r * x;
    }
  }
#pragma GCC unroll 8
  for (int c = 0; c < Columns; ++c) {
    left_sums[d + c] += a[c];
    right_sums[d + c] += b[c];
  }
}

template <int Lanes>
SPURION_INLINE void all_weighted_columns(const LogisticRows& rows, std::int64_t first,
                                         std::int64_t vectors,
                                         const typename Vector<Lanes>::Type* left,
                                         const typename Vector<Lanes>::Type* right,
                                         typename Vector<Lanes>::Type* left_sums,
                                         typename Vector<Lanes>::Type* right_sums) {
  std::int64_t d = 0;
  for (; d + 8 <= rows.width; d += 8) {
    weighted_columns<Lanes, 8>(rows, first, vectors, d, left, right, left_sums, right_sums);
  }
  for (; d + 3 <= rows.width; d += 3) {
    weighted_columns<Lanes, 3>(rows, first, vectors, d, left, right, left_sums, right_sums);
  }
  for (; d < rows.width; ++d) {
    weighted_columns<Lanes, 1>(rows, first, vectors, d, left, right, left_sums, right_sums);
  }
}

template <int Lanes>
SPURION_INLINE double total(typename Vector<Lanes>::Type sums) {
  double sum = 0.0;
  for (int lane = 0; lane < Lanes; ++lane) sum += static_cast<double>(sums[lane]);
  return sum;
}

/// How many replicas are worked on at once: two registers each for the affine maps.
constexpr int kGroup = 4;

template <int Lanes, int Replicas, bool Hessian>
SPURION_INLINE void chunk_values(const LogisticRows& rows, const LogisticReplica* replicas,
                                 std::int64_t first, std::int64_t vectors, Sums<Lanes>* sums,
                                 typename Vector<Lanes>::Type* values) {
  using V = typename Vector<Lanes>::Type;
  using I = typename Bits<Lanes>::Type;
  for (std::int64_t v = 0; v < vectors; v += 2) {
    const std::int64_t row = first + v * Lanes;
    V z[Replicas][2];
    affine<Lanes, Replicas>(rows, replicas, row, z);
#pragma GCC unroll 8
    for (int k = 0; k < Replicas; ++k) {
      V* out = values + k * kChunkVectors + v;
#pragma GCC unroll 2
      for (int half = 0; half < 2; ++half) {
        const std::int64_t here = row + half * Lanes;
        if constexpr (Hessian) {
          out[half] = z[k][half] * *reinterpret_cast<const V*>(replicas[k].curvature + here);
        } else {
          const V y = *reinterpret_cast<const V*>(rows.labels + here);
          V curvature;
          out[half] = residual<Lanes>(z[k][half], y, sums[k], curvature);
          if (replicas[k].curvature != nullptr) {
            *reinterpret_cast<V*>(replicas[k].curvature + here) = curvature;
          }
        }
      }
    }
  }
  if constexpr (!Hessian) {
    // A chunk multiplies at most 2^32 into a lane: back to a mantissa in [1, 2) and an exponent.
    for (int k = 0; k < Replicas; ++k) {
      const I bits = reinterpret_cast<I>(sums[k].product);
      sums[k].exponent += (bits >> 23) - 127;
      sums[k].product = reinterpret_cast<V>((bits & 0x007fffff) | 0x3f800000);
    }
  }
}

template <int Lanes, bool Hessian>
SPURION_INLINE void pass(const LogisticRows& rows, const LogisticReplica* replicas,
                         std::int64_t count) {
  using V = typename Vector<Lanes>::Type;
  const std::int64_t groups = (count + kGroup - 1) / kGroup;
  std::vector<Sums<Lanes>> sums(static_cast<std::size_t>(groups * kGroup));
  for (Sums<Lanes>& each : sums) each.product = V{} + 1.0F;
  std::vector<float> gradient_buffer(
      static_cast<std::size_t>(groups * kGroup * rows.width * Lanes));
  std::vector<float> value_buffer(static_cast<std::size_t>(kGroup * kChunkVectors * Lanes));
  V* gradients = reinterpret_cast<V*>(gradient_buffer.data());
  V* values = reinterpret_cast<V*>(value_buffer.data());
  for (std::int64_t first = 0; first < rows.stride; first += kChunkVectors * Lanes) {
    const std::int64_t left = (rows.stride - first) / Lanes;
    const std::int64_t vectors = left < kChunkVectors ? left : kChunkVectors;
    for (std::int64_t group = 0; group < groups; ++group) {
      const std::int64_t k = group * kGroup;
      const LogisticReplica* some = replicas + k;
      Sums<Lanes>* group_sums = sums.data() + k;
      const std::int64_t here = count - k < kGroup ? count - k : kGroup;
      if (here == kGroup) {
        chunk_values<Lanes, kGroup, Hessian>(rows, some, first, vectors, group_sums, values);
      } else {
        for (std::int64_t one = 0; one < here; ++one) {
          chunk_values<Lanes, 1, Hessian>(rows, some + one, first, vectors, group_sums + one,
                                          values + one * kChunkVectors);
        }
      }
      // Where a group is not full, the values left over from before go to sums nobody reads.
      for (int pair = 0; pair < kGroup && k + pair < count; pair += 2) {
        V* out = gradients + (k + pair) * rows.width;
        const V* in = values + pair * kChunkVectors;
        all_weighted_columns<Lanes>(rows, first, vectors, in, in + kChunkVectors, out,
                                    out + rows.width);
      }
    }
  }
  const double share = 1.0 / static_cast<double>(rows.rows);
  constexpr double kLogTwo = 0.69314718055994530942;
  for (std::int64_t k = 0; k < count; ++k) {
    for (std::int64_t d = 0; d < rows.width; ++d) {
      const V sum = gradients[k * rows.width + d];
      replicas[k].gradient[d] = static_cast<float>(share * total<Lanes>(sum));
    }
    if constexpr (!Hessian) {
      const Sums<Lanes>& of = sums[static_cast<std::size_t>(k)];
      // A padding row has z = 0 and y = 0, so it adds log 2.
      double log_sum = -kLogTwo * static_cast<double>(rows.stride - rows.rows);
      for (int lane = 0; lane < Lanes; ++lane) {
        log_sum += std::log(static_cast<double>(of.product[lane])) +
                   kLogTwo * static_cast<double>(of.exponent[lane]);
      }
      *replicas[k].risk = static_cast<float>(share * (total<Lanes>(of.linear) + log_sum));
    }
  }
}

struct Pass {
  const LogisticRows& rows;
  const LogisticReplica* replicas;
  std::int64_t count;
};

template <int Lanes>
SPURION_INLINE void risks_lanes(const Pass& pass_over) {
  pass<Lanes, false>(pass_over.rows, pass_over.replicas, pass_over.count);
}

template <int Lanes>
SPURION_INLINE void hessian_products_lanes(const Pass& pass_over) {
  pass<Lanes, true>(pass_over.rows, pass_over.replicas, pass_over.count);
}

SPURION_KERNEL(risks, Pass)
SPURION_KERNEL(hessian_products, Pass)

}  // namespace

void logistic_risks(const LogisticRows& rows, const LogisticReplica* replicas, std::int64_t count) {
  risks({rows, replicas, count});
}

void logistic_hessian_products(const LogisticRows& rows, const LogisticReplica* replicas,
                               std::int64_t count) {
  hessian_products({rows, replicas, count});
}

}  // namespace spurion::engine
