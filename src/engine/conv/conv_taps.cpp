#include "engine/conv/conv_taps.hpp"

#include <cstddef>
#include <utility>

#include "engine/matrix/simd.hpp"

namespace spurion::engine {

namespace {

/// Sums of `Rows` channels and `Pixels` neighbouring pixels in registers.
template <int Lanes, int Rows, int Pixels>
SPURION_INLINE void tap_block(const TapProduct& t, std::int64_t i, const float* in, float* out) {
  using V = typename Vector<Lanes>::Type;
  constexpr int kParts = static_cast<int>(kImages) / Lanes;
  constexpr int kVectors = Pixels * kParts;
  V sum[Rows][kVectors];
#pragma GCC unroll 16
  for (int r = 0; r < Rows; ++r) {
#pragma GCC unroll 16
    for (int j = 0; j < kVectors; ++j) sum[r][j] = V{};
  }
  const float* weights = t.weights + i * t.count;
  for (std::int64_t k = 0; k < t.count; ++k) {
    const float* source = in + t.offsets[k];
    V value[kVectors];
#pragma GCC unroll 16
    for (int j = 0; j < kVectors; ++j) {
      value[j] =
          vector_at<Lanes>(source + (j / kParts) * t.in_strides.pixel + (j % kParts) * Lanes);
    }
#pragma GCC unroll 16
    for (int r = 0; r < Rows; ++r) {
      const float weight = weights[r * t.count + k];
#pragma GCC unroll 16
      for (int j = 0; j < kVectors; ++j) sum[r][j] += weight * value[j];
    }
  }
#pragma GCC unroll 16
  for (int r = 0; r < Rows; ++r) {
    const float bias = t.bias == nullptr ? 0.0F : t.bias[i + r];
#pragma GCC unroll 16
    for (int j = 0; j < kVectors; ++j) {
      V result = sum[r][j];
      if (t.bias != nullptr) {
        result += bias;
        // Written so that NaN stays NaN: a diverged replica must be seen.
        result = result < 0.0F ? V{} : result;
      }
      vector_at<Lanes>(out + (i + r) * t.out_strides.channel + (j / kParts) * t.out_strides.pixel +
                       (j % kParts) * Lanes) = result;
    }
  }
}

template <int Lanes, int Rows, int Pixels>
SPURION_INLINE void tap_row(const TapProduct& t, std::int64_t i, std::int64_t y) {
  const float* in = t.in + y * t.in_strides.row;
  float* out = t.out + y * t.out_strides.row;
  std::int64_t x = 0;
  for (; x + Pixels <= t.width; x += Pixels) {
    tap_block<Lanes, Rows, Pixels>(t, i, in + x * t.in_strides.pixel,
                                   out + x * t.out_strides.pixel);
  }
  for (; x < t.width; ++x) {
    tap_block<Lanes, Rows, 1>(t, i, in + x * t.in_strides.pixel, out + x * t.out_strides.pixel);
  }
}

template <int Lanes>
SPURION_INLINE void tap_product_lanes(const TapProduct& t) {
  constexpr int kRows = Lanes / 2;
  constexpr int kPixels = Lanes == 16 ? 2 : 1;
  // Rows of pixels outside: those that a row of outputs reads stay in cache for all channels.
  for (std::int64_t y = 0; y < t.height; ++y) {
    std::int64_t i = 0;
    for (; i + kRows <= t.rows; i += kRows) tap_row<Lanes, kRows, kPixels>(t, i, y);
    for (; i < t.rows; ++i) tap_row<Lanes, 1, kPixels>(t, i, y);
  }
}

/// Lane i of the sum of `a` and `b` folded once: blocks of `Half` lanes, a's first.
template <int Lanes, int Half, std::size_t... I>
SPURION_INLINE void fold(typename Vector<Lanes>::Type& a, const typename Vector<Lanes>::Type& b,
                         std::index_sequence<I...>) {
  a = __builtin_shufflevector(a, b, (I / Half % 2 == 0 ? I : I - Half + Lanes)...) +
      __builtin_shufflevector(a, b, (I / Half % 2 == 0 ? I + Half : I + Lanes)...);
}

/// Folds `Lanes` vectors into one that holds in lane i the sum of the lanes of vector i.
template <int Lanes, int Count>
SPURION_INLINE void fold_all(typename Vector<Lanes>::Type* sums) {
  if constexpr (Count > 1) {
    constexpr int kHalf = Count / 2;
#pragma GCC unroll 16
    for (int j = 0; j < kHalf; ++j) {
      fold<Lanes, kHalf>(sums[j], sums[j + kHalf], std::make_index_sequence<Lanes>());
    }
    fold_all<Lanes, kHalf>(sums);
  }
}

/// Sums of `Rows` x `Columns` = Lanes correlations in registers. Rows and columns past the end
/// repeat the last and are not stored.
template <int Lanes, int Rows, int Columns>
SPURION_INLINE void correlation_block(const TapCorrelation& t, std::int64_t i, std::int64_t k,
                                      std::int64_t y0, std::int64_t y1) {
  using V = typename Vector<Lanes>::Type;
  constexpr int kParts = static_cast<int>(kImages) / Lanes;
  V sum[Lanes];
#pragma GCC unroll 16
  for (int s = 0; s < Lanes; ++s) sum[s] = V{};
  const float* gradient[Rows];
  const float* in[Columns];
  const int rows = t.rows - i < Rows ? static_cast<int>(t.rows - i) : Rows;
  const int columns = t.count - k < Columns ? static_cast<int>(t.count - k) : Columns;
  for (std::int64_t y = y0; y < y1; ++y) {
#pragma GCC unroll 16
    for (int r = 0; r < Rows; ++r) {
      gradient[r] = t.gradient + (i + (r < rows ? r : rows - 1)) * t.gradient_strides.channel +
                    y * t.gradient_strides.row;
    }
#pragma GCC unroll 16
    for (int c = 0; c < Columns; ++c) {
      in[c] = t.in + t.offsets[k + (c < columns ? c : columns - 1)] + y * t.in_strides.row;
    }
    for (std::int64_t x = 0; x < t.width; ++x) {
#pragma GCC unroll 4
      for (int part = 0; part < kParts; ++part) {
        const std::int64_t gradient_at = x * t.gradient_strides.pixel + part * Lanes;
        const std::int64_t in_at = x * t.in_strides.pixel + part * Lanes;
        V value[Columns];
#pragma GCC unroll 16
        for (int c = 0; c < Columns; ++c) value[c] = vector_at<Lanes>(in[c] + in_at);
#pragma GCC unroll 16
        for (int r = 0; r < Rows; ++r) {
          const V slope = vector_at<Lanes>(gradient[r] + gradient_at);
#pragma GCC unroll 16
          for (int c = 0; c < Columns; ++c) sum[r * Columns + c] += slope * value[c];
        }
      }
    }
  }
  fold_all<Lanes, Lanes>(sum);
  float sums[Lanes];
  vector_at<Lanes>(sums) = sum[0];
  for (int r = 0; r < rows; ++r) {
    for (int c = 0; c < columns; ++c) t.out[(i + r) * t.count + k + c] += sums[r * Columns + c];
  }
}

template <int Lanes>
SPURION_INLINE void tap_correlation_lanes(const TapCorrelation& t) {
  constexpr int kRows = Lanes == 4 ? 2 : 4;
  constexpr int kColumns = Lanes / kRows;
  // A few rows of pixels at a time, so that the gradients of kRows channels stay in the first-level
  // cache while all taps pass.
  constexpr std::int64_t kPixels = 100;
  const std::int64_t step = t.width < kPixels ? kPixels / t.width : 1;
  for (std::int64_t y = 0; y < t.height; y += step) {
    const std::int64_t end = y + step < t.height ? y + step : t.height;
    for (std::int64_t i = 0; i < t.rows; i += kRows) {
      for (std::int64_t k = 0; k < t.count; k += kColumns) {
        correlation_block<Lanes, kRows, kColumns>(t, i, k, y, end);
      }
    }
  }
}

}  // namespace

SPURION_KERNEL(tap_product, TapProduct)
SPURION_KERNEL(tap_correlation, TapCorrelation)

}  // namespace spurion::engine
