#pragma once

#include <cstdint>

#include "engine/conv/conv_taps.hpp"

/// \file
/// Group normalisation (Wu & He 2018) of sixteen images side by side, stored as in conv_taps.hpp:
/// each image is a lane, so that no sum runs across lanes. Values have passed a ReLU, and the
/// gradient that comes back has passed it too.

namespace spurion::engine {

/// An image inside a larger plane that is 0 around it.
struct Frame {
  std::int64_t height;  ///< of the plane
  std::int64_t width;
  std::int64_t top;  ///< where the image starts
  std::int64_t left;

  [[nodiscard]] std::int64_t floats() const { return height * width * kImages; }
};

/// Mean and 1 / sqrt(variance + 1e-5) of `count` pixels of a group, for each image.
struct GroupStatistics {
  const float* values;  ///< [count][16]
  std::int64_t count;
  float* mean;   ///< [16]
  float* scale;  ///< [16]
};
void group_statistics(const GroupStatistics& arguments);

/// framed = (values - mean) * scale * weight + bias, 0 outside of the image.
struct Normalise {
  const float* values;  ///< [height][width][16]
  std::int64_t height;
  std::int64_t width;
  const float* mean;
  const float* scale;
  float weight;
  float bias;
  float* framed;
  Frame frame;
};
void normalise(const Normalise& arguments);

/// Sums over the pixels of one channel: of the values' normalised form (`mean` and `scale`
/// applied).
struct NormalisedSum {
  const float* values;
  std::int64_t count;
  const float* mean;
  const float* scale;
  float* sum;  ///< [16]
};
void normalised_sum(const NormalisedSum& arguments);

/// Of one channel's gradient: its sum, and its inner product with the normalised values.
struct NormGradientSums {
  const float* values;  ///< [height][width][16]
  std::int64_t height;
  std::int64_t width;
  const float* mean;
  const float* scale;
  const float* gradient;
  PlaneStrides gradient_strides;  ///< a pixel stride of 0 repeats one pixel
  float* sum;                     ///< [16]
  float* product;                 ///< [16]
};
void norm_gradient_sums(const NormGradientSums& arguments);

/// framed = gradient * slope - offset - (values - mean) * tilt where values > 0, else 0: the
/// gradient before the normalisation and the ReLU. `sum` is its sum over pixels.
struct NormGradient {
  const float* values;
  std::int64_t height;
  std::int64_t width;
  const float* mean;  ///< [16], as the next three
  const float* slope;
  const float* offset;
  const float* tilt;
  const float* gradient;
  PlaneStrides gradient_strides;
  float* framed;
  Frame frame;
  float* sum;  ///< [16]
};
void norm_gradient(const NormGradient& arguments);

}  // namespace spurion::engine
