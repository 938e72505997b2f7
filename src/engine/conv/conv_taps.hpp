#pragma once

#include <cstdint>

/// \file
/// Convolutions as sums over taps, for images that lie side by side: sixteen images are stored
/// pixel by pixel, [channel][row][column][16], so that every load is a full vector whatever the
/// number of channels, and no image's value depends on its neighbours.

namespace spurion::engine {

/// Images stored side by side.
constexpr std::int64_t kImages = 16;

/// A set of planes of one pixel of sixteen images each: strides in floats.
struct PlaneStrides {
  std::int64_t channel;
  std::int64_t row;
  std::int64_t pixel;
};

/// out[i](y, x) = sum_k weights[i, k] in[offsets[k]](y, x), over i < rows and y < height, x <
/// width. With `bias`, adds bias[i] and takes max(0, .).
struct TapProduct {
  std::int64_t rows;
  std::int64_t count;  ///< taps
  const float* weights;
  const std::int64_t* offsets;  ///< [count] in floats
  const float* in;
  PlaneStrides in_strides;  ///< the channel's is in `offsets`
  float* out;
  PlaneStrides out_strides;
  std::int64_t height;
  std::int64_t width;
  const float* bias;  ///< null: neither bias nor ReLU
};

void tap_product(const TapProduct& arguments);

/// out[i, k] += sum over y, x and images of gradient[i](y, x) in[offsets[k]](y, x).
struct TapCorrelation {
  std::int64_t rows;
  std::int64_t count;
  const float* gradient;
  PlaneStrides gradient_strides;
  const std::int64_t* offsets;
  const float* in;
  PlaneStrides in_strides;
  std::int64_t height;
  std::int64_t width;
  float* out;  ///< [rows, count]
};

void tap_correlation(const TapCorrelation& arguments);

}  // namespace spurion::engine
