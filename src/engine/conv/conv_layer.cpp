#include "engine/conv/conv_layer.hpp"

#include <algorithm>

#include "engine/matrix/gemm.hpp"

namespace spurion::engine {

namespace {

float sum_of_images(const float* values) {
  float sum = 0.0F;
  for (std::int64_t i = 0; i < kImages; ++i) sum += values[i];
  return sum;
}

}  // namespace

Frame ConvReplica::input_frame() const {
  if (!layer_.winograd()) return {layer_.height + 2, layer_.width + 2, 1, 1};
  const TileGrid grid = layer_.grid();
  return {2 * grid.rows + 2, 2 * grid.columns + 2, 1, 1};
}

Frame ConvReplica::output_frame() const {
  if (!layer_.winograd()) return {layer_.out_height() + 1, layer_.out_width() + 1, 0, 0};
  const TileGrid grid = layer_.grid();
  return {2 * grid.rows, 2 * grid.columns, 0, 0};
}

void ConvReplica::prepare(const ConvLayer& layer, const float* parameters, bool backward) {
  layer_ = layer;
  parameters_ = parameters;
  offsets_.clear();
  if (layer_.winograd()) {
    const std::int64_t pairs = layer_.in * layer_.out;
    winograd_filters(parameters, pairs, filters_.reserve(kPositions * pairs));
    for (std::int64_t i = 0; i < layer_.in; ++i) {
      offsets_.push_back(i * layer_.grid().count() * kImages);
    }
    if (backward) {
      float* gradient = filter_gradient_.reserve(kPositions * pairs);
      std::fill(gradient, gradient + kPositions * pairs, 0.0F);
    }
    return;
  }
  const Frame frame = input_frame();
  for (std::int64_t i = 0; i < layer_.in; ++i) {
    for (std::int64_t tap = 0; tap < 9; ++tap) {
      offsets_.push_back(i * frame.floats() + (tap / 3 * frame.width + tap % 3) * kImages);
    }
  }
  if (!backward || layer_.first) return;
  phases_.clear();
  for (std::int64_t parity = 0; parity < 4; ++parity) make_phase(parity / 2, parity % 2);
}

// With stride 2, tap t reaches input pixel p from output pixel (p + 1 - t) / 2: an even p takes tap
// 1 from p / 2, an odd p takes tap 2 from (p - 1) / 2 and tap 0 from the pixel after it.
void ConvReplica::make_phase(std::int64_t row, std::int64_t column) {
  struct Reach {
    std::int64_t tap;
    std::int64_t ahead;
  };
  const auto reaches = [](std::int64_t parity) {
    return parity == 0 ? std::vector<Reach>{{1, 0}} : std::vector<Reach>{{2, 0}, {0, 1}};
  };
  Phase phase;
  const Frame frame = output_frame();
  for (std::int64_t i = 0; i < layer_.in; ++i) {
    for (std::int64_t o = 0; o < layer_.out; ++o) {
      const float* weights = parameters_ + (o * layer_.in + i) * 9;
      for (const Reach& y : reaches(row)) {
        for (const Reach& x : reaches(column)) {
          phase.weights.push_back(weights[3 * y.tap + x.tap]);
          if (i == 0) {
            phase.offsets.push_back(o * frame.floats() +
                                    (y.ahead * frame.width + x.ahead) * kImages);
          }
        }
      }
    }
  }
  phases_.push_back(std::move(phase));
}

void ConvReplica::take_images(const float* images, std::int64_t count, ConvScratch& scratch) const {
  const Frame frame = input_frame();
  float* input = scratch.input.reserve(layer_.in * frame.floats());
  std::fill(input, input + layer_.in * frame.floats(), 0.0F);
  const std::int64_t size = layer_.in * layer_.height * layer_.width;
  for (std::int64_t row = 0; row < layer_.in * layer_.height; ++row) {
    const std::int64_t y = row % layer_.height;
    float* target = input + row / layer_.height * frame.floats() +
                    ((frame.top + y) * frame.width + frame.left) * kImages;
    for (std::int64_t x = 0; x < layer_.width; ++x) {
      for (std::int64_t i = 0; i < count; ++i) {
        target[x * kImages + i] = images[i * size + row * layer_.width + x];
      }
    }
  }
}

void ConvReplica::take_activations(const ConvReplica& before, const float* kept,
                                   ConvScratch& scratch) const {
  const ConvLayer& previous = before.layer_;
  const Frame frame = input_frame();
  const std::int64_t pixels = previous.out_pixels();
  const float* means = kept + previous.out * pixels * kImages;
  const float* scales = means + previous.groups * kImages;
  float* input = scratch.input.reserve(layer_.winograd() ? kPositions * position(layer_.in)
                                                         : layer_.in * frame.floats());
  float* plane = scratch.plane.reserve(frame.floats());
  for (std::int64_t c = 0; c < previous.out; ++c) {
    const std::int64_t group = c / (previous.out / previous.groups) * kImages;
    float* framed = layer_.winograd() ? plane : input + c * frame.floats();
    normalise({kept + c * pixels * kImages, previous.out_height(), previous.out_width(),
               means + group, scales + group, before.norm_weight()[c], before.norm_bias()[c],
               framed, frame});
    if (layer_.winograd()) {
      winograd_input({layer_.grid(), plane, input + offsets_[static_cast<std::size_t>(c)],
                      position(layer_.in)});
    }
  }
}

void ConvReplica::forward(ConvScratch& scratch, float* kept) const {
  const std::int64_t pixels = layer_.out_pixels();
  const std::int64_t out_width = layer_.out_width();
  const float* input = scratch.input.data();
  if (layer_.winograd()) {
    const std::int64_t tiles = layer_.grid().count() * kImages;
    float* output = scratch.output.reserve(kPositions * position(layer_.out));
    for (std::int64_t p = 0; p < kPositions; ++p) {
      small_gemm({layer_.out, layer_.in, tiles},
                 {filters_.data() + p * layer_.in * layer_.out, layer_.in, 1},
                 {input + p * position(layer_.in), tiles}, output + p * position(layer_.out));
    }
    for (std::int64_t c = 0; c < layer_.out; ++c) {
      winograd_output({layer_.grid(), output + c * tiles, position(layer_.out), bias()[c],
                       kept + c * pixels * kImages, layer_.out_height(), out_width});
    }
  } else {
    const Frame frame = input_frame();
    tap_product({layer_.out,
                 9 * layer_.in,
                 parameters_,
                 offsets_.data(),
                 input,
                 {0, layer_.stride * frame.width * kImages, layer_.stride * kImages},
                 kept,
                 {pixels * kImages, out_width * kImages, kImages},
                 layer_.out_height(),
                 out_width,
                 bias()});
  }
  float* means = kept + layer_.out * pixels * kImages;
  float* scales = means + layer_.groups * kImages;
  const std::int64_t count = layer_.out / layer_.groups * pixels;
  for (std::int64_t g = 0; g < layer_.groups; ++g) {
    group_statistics(
        {kept + g * count * kImages, count, means + g * kImages, scales + g * kImages});
  }
}

void ConvReplica::pool(const float* kept, std::int64_t count, float* features) const {
  const std::int64_t pixels = layer_.out_pixels();
  const float* means = kept + layer_.out * pixels * kImages;
  const float* scales = means + layer_.groups * kImages;
  for (std::int64_t c = 0; c < layer_.out; ++c) {
    const std::int64_t group = c / (layer_.out / layer_.groups) * kImages;
    Pixel sum;
    normalised_sum(
        {kept + c * pixels * kImages, pixels, means + group, scales + group, sum.images});
    for (std::int64_t i = 0; i < count; ++i) {
      features[i * layer_.out + c] =
          sum.images[i] / static_cast<float>(pixels) * norm_weight()[c] + norm_bias()[c];
    }
  }
}

void ConvReplica::pool_backward(const float* features_gradient, std::int64_t count,
                                ConvScratch& scratch) const {
  float* slope = scratch.slopes.reserve(layer_.out * kImages);
  const float share = 1.0F / static_cast<float>(layer_.out_pixels());
  for (std::int64_t c = 0; c < layer_.out; ++c) {
    // Where there is no image the gradient is 0, and so is all that follows from it.
    for (std::int64_t i = 0; i < kImages; ++i) {
      slope[c * kImages + i] = i < count ? features_gradient[i * layer_.out + c] * share : 0.0F;
    }
  }
  scratch.slope = slope;
  scratch.slope_strides = {kImages, 0, 0};
}

void ConvReplica::activation_backward(const float* kept, float* gradient,
                                      ConvScratch& scratch) const {
  const std::int64_t pixels = layer_.out_pixels();
  const float* means = kept + layer_.out * pixels * kImages;
  const float* scales = means + layer_.groups * kImages;
  const Frame frame = output_frame();
  const std::int64_t members = layer_.out / layer_.groups;
  const auto count = static_cast<float>(members * pixels);
  float* output = scratch.output.reserve(layer_.winograd() ? kPositions * position(layer_.out)
                                                           : layer_.out * frame.floats());
  float* plane = scratch.plane.reserve(frame.floats());
  float* bias_gradient = gradient + weight_count();
  float* weight_gradient = bias_gradient + layer_.out;
  float* shift_gradient = weight_gradient + layer_.out;
  for (std::int64_t g = 0; g < layer_.groups; ++g) {
    const float* mean = means + g * kImages;
    const float* scale = scales + g * kImages;
    Pixel total{};
    Pixel product_total{};
    for (std::int64_t c = g * members; c < (g + 1) * members; ++c) {
      Pixel sum;
      Pixel product;
      norm_gradient_sums({kept + c * pixels * kImages, layer_.out_height(), layer_.out_width(),
                          mean, scale, scratch.slope + c * scratch.slope_strides.channel,
                          scratch.slope_strides, sum.images, product.images});
      weight_gradient[c] += sum_of_images(product.images);
      shift_gradient[c] += sum_of_images(sum.images);
      for (std::int64_t i = 0; i < kImages; ++i) {
        total.images[i] += norm_weight()[c] * sum.images[i];
        product_total.images[i] += norm_weight()[c] * product.images[i];
      }
    }
    for (std::int64_t c = g * members; c < (g + 1) * members; ++c) {
      Pixel slope;
      Pixel offset;
      Pixel tilt;
      Pixel sum;
      for (std::int64_t i = 0; i < kImages; ++i) {
        slope.images[i] = scale[i] * norm_weight()[c];
        offset.images[i] = scale[i] * (total.images[i] / count);
        tilt.images[i] = scale[i] * scale[i] * (product_total.images[i] / count);
      }
      float* framed = layer_.winograd() ? plane : output + c * frame.floats();
      norm_gradient({kept + c * pixels * kImages, layer_.out_height(), layer_.out_width(), mean,
                     slope.images, offset.images, tilt.images,
                     scratch.slope + c * scratch.slope_strides.channel, scratch.slope_strides,
                     framed, frame, sum.images});
      bias_gradient[c] += sum_of_images(sum.images);
      if (layer_.winograd()) {
        winograd_output_adjoint({layer_.grid(), plane, output + c * layer_.grid().count() * kImages,
                                 position(layer_.out)});
      }
    }
  }
}

void ConvReplica::convolution_backward(float* gradient, ConvScratch& scratch) {
  float* input = scratch.input.data();
  const float* output = scratch.output.data();
  const Frame out_frame = output_frame();
  const Frame frame = input_frame();
  if (layer_.winograd()) {
    const std::int64_t count = layer_.grid().count();
    const std::int64_t pairs = layer_.in * layer_.out;
    float* slope = scratch.slopes.reserve(layer_.in * frame.floats());
    for (std::int64_t p = 0; p < kPositions; ++p) {
      float* in = input + p * position(layer_.in);
      const float* out = output + p * position(layer_.out);
      tap_correlation({layer_.out,
                       layer_.in,
                       out,
                       {count * kImages, 0, kImages},
                       offsets_.data(),
                       in,
                       {0, 0, kImages},
                       1,
                       count,
                       filter_gradient_.data() + p * pairs});
      // The input is read for the last time: its gradient takes its place.
      small_gemm({layer_.in, layer_.out, count * kImages},
                 {filters_.data() + p * pairs, 1, layer_.in}, {out, count * kImages}, in);
    }
    for (std::int64_t c = 0; c < layer_.in; ++c) {
      winograd_input_adjoint({layer_.grid(), input + offsets_[static_cast<std::size_t>(c)],
                              position(layer_.in), slope + c * frame.floats()});
    }
    // The image starts inside of its margin.
    scratch.slope = slope + (frame.width + 1) * kImages;
    scratch.slope_strides = {frame.floats(), frame.width * kImages, kImages};
    return;
  }
  tap_correlation({layer_.out,
                   9 * layer_.in,
                   output,
                   {out_frame.floats(), out_frame.width * kImages, kImages},
                   offsets_.data(),
                   input,
                   {0, layer_.stride * frame.width * kImages, layer_.stride * kImages},
                   layer_.out_height(),
                   layer_.out_width(),
                   gradient});
  if (layer_.first) return;
  const PlaneStrides strides = {layer_.height * layer_.width * kImages, layer_.width * kImages,
                                kImages};
  float* slope = scratch.slopes.reserve(layer_.in * strides.channel);
  for (std::int64_t parity = 0; parity < 4; ++parity) {
    const std::int64_t row = parity / 2;
    const std::int64_t column = parity % 2;
    const Phase& phase = phases_[static_cast<std::size_t>(parity)];
    tap_product({layer_.in,
                 static_cast<std::int64_t>(phase.offsets.size()),
                 phase.weights.data(),
                 phase.offsets.data(),
                 output,
                 {0, out_frame.width * kImages, kImages},
                 slope + row * strides.row + column * strides.pixel,
                 {strides.channel, 2 * strides.row, 2 * strides.pixel},
                 (layer_.height - row + 1) / 2,
                 (layer_.width - column + 1) / 2,
                 nullptr});
  }
  scratch.slope = slope;
  scratch.slope_strides = strides;
}

void ConvReplica::finish_backward(float* gradient) {
  if (!layer_.winograd()) return;
  winograd_filters_adjoint(filter_gradient_.data(), layer_.in * layer_.out, gradient);
}

}  // namespace spurion::engine
