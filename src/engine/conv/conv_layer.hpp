#pragma once

#include <cstdint>
#include <vector>

#include "engine/conv/conv_taps.hpp"
#include "engine/conv/group_norm.hpp"
#include "engine/conv/winograd.hpp"

/// \file
/// One layer of a convolutional network, sixteen images at a time: convolution 3x3 with a margin of
/// one pixel, bias, ReLU, group normalisation. The first layer and layers of stride 2 sum over
/// taps, the others go through Winograd's transforms.
///
/// What a training step keeps of a layer is its values after the ReLU and the statistics of the
/// groups; the normalised values are made again wherever they are read.

namespace spurion::engine {

/// Pixels of sixteen images, aligned to cache lines.
struct alignas(64) Pixel {
  float images[kImages];
};
class PixelBuffer {
 public:
  /// At least this many floats; contents are undefined.
  float* reserve(std::int64_t floats) {
    const auto pixels = static_cast<std::size_t>((floats + kImages - 1) / kImages);
    if (pixels_.size() < pixels) pixels_.resize(pixels);
    return pixels_.front().images;
  }
  [[nodiscard]] float* data() { return pixels_.empty() ? nullptr : pixels_.front().images; }
  [[nodiscard]] const float* data() const {
    return pixels_.empty() ? nullptr : pixels_.front().images;
  }

 private:
  std::vector<Pixel> pixels_;
};

struct ConvLayer {
  std::int64_t in;      ///< channels
  std::int64_t out;     ///< channels
  std::int64_t height;  ///< of the input
  std::int64_t width;
  std::int64_t stride;  ///< 1 or 2
  std::int64_t groups;
  bool first;  ///< no gradient of the input is wanted

  [[nodiscard]] std::int64_t out_height() const { return (height - 1) / stride + 1; }
  [[nodiscard]] std::int64_t out_width() const { return (width - 1) / stride + 1; }
  [[nodiscard]] std::int64_t out_pixels() const { return out_height() * out_width(); }
  /// Weights [out, in, 3, 3], bias, weights and biases of the normalisation.
  [[nodiscard]] std::int64_t parameters() const { return (9 * in + 3) * out; }
  /// Floats kept for the backward pass: values [out, pixels, 16], means and scales [groups, 16].
  [[nodiscard]] std::int64_t kept() const { return (out * out_pixels() + 2 * groups) * kImages; }
  [[nodiscard]] bool winograd() const { return stride == 1 && !first; }
  [[nodiscard]] TileGrid grid() const { return {(out_height() + 1) / 2, (out_width() + 1) / 2}; }
};

/// What layers of one thread share while they work.
struct ConvScratch {
  PixelBuffer plane;   ///< one channel
  PixelBuffer input;   ///< of the layer at work, framed or transformed
  PixelBuffer output;  ///< transformed, or its gradient
  PixelBuffer slopes;
  /// The gradient of a layer's normalised output, inside of `slopes`.
  const float* slope = nullptr;
  PlaneStrides slope_strides{};
};

/// A layer with one replica's parameters.
class ConvReplica {
 public:
  /// `parameters` must stay; `backward` also prepares what the backward pass needs and zeroes the
  /// gradient of the weights.
  void prepare(const ConvLayer& layer, const float* parameters, bool backward);

  /// Makes the layer's input of images [count][in][height][width], count <= 16.
  void take_images(const float* images, std::int64_t count, ConvScratch& scratch) const;
  /// Makes the layer's input of what the layer before it kept.
  void take_activations(const ConvReplica& before, const float* kept, ConvScratch& scratch) const;
  /// From the input in `scratch` to `kept`.
  void forward(ConvScratch& scratch, float* kept) const;
  /// features[image][channel] = mean over pixels of the normalised values.
  void pool(const float* kept, std::int64_t count, float* features) const;

  /// Sets `scratch.slope` to the gradient that `pool` hands back.
  void pool_backward(const float* features_gradient, std::int64_t count,
                     ConvScratch& scratch) const;
  /// From `scratch.slope`, the gradient of the normalised output, to the gradient of the
  /// convolution's output in `scratch.output`; adds to the gradients of biases and normalisation.
  void activation_backward(const float* kept, float* gradient, ConvScratch& scratch) const;
  /// With the layer's input in `scratch.input`: adds to the gradient of the weights, and leaves the
  /// gradient of the input in `scratch.slope` unless the layer is the first.
  void convolution_backward(float* gradient, ConvScratch& scratch);
  /// After the last images: writes what is left of the gradient of the weights.
  void finish_backward(float* gradient);

 private:
  /// The part of the gradient of the input that pixels of one parity get, as sums over taps.
  struct Phase {
    std::vector<float> weights;         ///< [in, taps]
    std::vector<std::int64_t> offsets;  ///< [taps]
  };

  [[nodiscard]] std::int64_t weight_count() const { return 9 * layer_.in * layer_.out; }
  [[nodiscard]] const float* bias() const { return parameters_ + weight_count(); }
  [[nodiscard]] const float* norm_weight() const { return bias() + layer_.out; }
  [[nodiscard]] const float* norm_bias() const { return norm_weight() + layer_.out; }
  [[nodiscard]] Frame input_frame() const;
  [[nodiscard]] Frame output_frame() const;
  /// Floats between positions of the transformed input (output); not a multiple of a page, or the
  /// sixteen stores of a tile would compete for one set of the cache.
  [[nodiscard]] std::int64_t position(std::int64_t channels) const {
    return (channels * layer_.grid().count() + 1) * kImages;
  }
  /// Puts a framed channel where the convolution reads it.
  void place(const float* plane, std::int64_t channel, ConvScratch& scratch) const;
  void make_phase(std::int64_t row, std::int64_t column);

  ConvLayer layer_{};
  const float* parameters_ = nullptr;
  std::vector<std::int64_t> offsets_;  ///< of the taps, or of the transformed channels
  PixelBuffer filters_;                ///< transformed
  PixelBuffer filter_gradient_;        ///< transformed
  std::vector<Phase> phases_;          ///< row parity, column parity
};

}  // namespace spurion::engine
