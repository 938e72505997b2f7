#include "engine/conv/group_norm.hpp"

#include <cmath>

#include "engine/matrix/simd.hpp"

namespace spurion::engine {

namespace {

constexpr float kEpsilon = 1e-5F;  // torch::nn::GroupNorm's
/// Pixels summed before they join the total: long sums of floats lose digits.
constexpr std::int64_t kChunk = 32;

template <int Lanes>
SPURION_INLINE void clear(float* target, std::int64_t pixels) {
  using V = typename Vector<Lanes>::Type;
  for (std::int64_t i = 0; i < pixels * kImages; i += Lanes) vector_at<Lanes>(target + i) = V{};
}

/// Zeroes what surrounds the image.
template <int Lanes>
SPURION_INLINE void clear_margin(float* plane, const Frame& frame, std::int64_t height,
                                 std::int64_t width) {
  const std::int64_t row = frame.width * kImages;
  clear<Lanes>(plane, frame.top * frame.width);
  const std::int64_t right = frame.width - frame.left - width;
  for (std::int64_t y = frame.top; y < frame.top + height; ++y) {
    clear<Lanes>(plane + y * row, frame.left);
    clear<Lanes>(plane + y * row + (frame.left + width) * kImages, right);
  }
  clear<Lanes>(plane + (frame.top + height) * row,
               (frame.height - frame.top - height) * frame.width);
}

template <int Lanes>
SPURION_INLINE void group_statistics_lanes(const GroupStatistics& t) {
  using V = typename Vector<Lanes>::Type;
  const auto count = static_cast<float>(t.count);
  for (std::int64_t part = 0; part < kImages; part += Lanes) {
    V total{};
    for (std::int64_t start = 0; start < t.count; start += kChunk) {
      const std::int64_t end = start + kChunk < t.count ? start + kChunk : t.count;
      V even{};
      V odd{};
      std::int64_t i = start;
      for (; i + 2 <= end; i += 2) {
        even += vector_at<Lanes>(t.values + i * kImages + part);
        odd += vector_at<Lanes>(t.values + (i + 1) * kImages + part);
      }
      if (i < end) even += vector_at<Lanes>(t.values + i * kImages + part);
      total += even + odd;
    }
    const V mean = total / count;
    V squares{};
    for (std::int64_t start = 0; start < t.count; start += kChunk) {
      const std::int64_t end = start + kChunk < t.count ? start + kChunk : t.count;
      V even{};
      V odd{};
      std::int64_t i = start;
      for (; i + 2 <= end; i += 2) {
        const V a = vector_at<Lanes>(t.values + i * kImages + part) - mean;
        const V b = vector_at<Lanes>(t.values + (i + 1) * kImages + part) - mean;
        even += a * a;
        odd += b * b;
      }
      if (i < end) {
        const V a = vector_at<Lanes>(t.values + i * kImages + part) - mean;
        even += a * a;
      }
      squares += even + odd;
    }
    for (int lane = 0; lane < Lanes; ++lane) {
      t.mean[part + lane] = mean[lane];
      t.scale[part + lane] = 1.0F / std::sqrt(squares[lane] / count + kEpsilon);
    }
  }
}

template <int Lanes>
SPURION_INLINE void normalise_lanes(const Normalise& t) {
  using V = typename Vector<Lanes>::Type;
  clear_margin<Lanes>(t.framed, t.frame, t.height, t.width);
  for (std::int64_t part = 0; part < kImages; part += Lanes) {
    const V mean = vector_at<Lanes>(t.mean + part);
    const V slope = vector_at<Lanes>(t.scale + part) * t.weight;
    const V bias = V{} + t.bias;
    for (std::int64_t y = 0; y < t.height; ++y) {
      const float* in = t.values + y * t.width * kImages + part;
      float* out = t.framed + ((t.frame.top + y) * t.frame.width + t.frame.left) * kImages + part;
      for (std::int64_t x = 0; x < t.width; ++x) {
        vector_at<Lanes>(out + x * kImages) =
            (vector_at<Lanes>(in + x * kImages) - mean) * slope + bias;
      }
    }
  }
}

template <int Lanes>
SPURION_INLINE void normalised_sum_lanes(const NormalisedSum& t) {
  using V = typename Vector<Lanes>::Type;
  for (std::int64_t part = 0; part < kImages; part += Lanes) {
    const V mean = vector_at<Lanes>(t.mean + part);
    V total{};
    for (std::int64_t start = 0; start < t.count; start += kChunk) {
      const std::int64_t end = start + kChunk < t.count ? start + kChunk : t.count;
      V sum{};
      for (std::int64_t i = start; i < end; ++i) {
        sum += vector_at<Lanes>(t.values + i * kImages + part) - mean;
      }
      total += sum;
    }
    vector_at<Lanes>(t.sum + part) = total * vector_at<Lanes>(t.scale + part);
  }
}

template <int Lanes>
SPURION_INLINE void norm_gradient_sums_lanes(const NormGradientSums& t) {
  using V = typename Vector<Lanes>::Type;
  for (std::int64_t part = 0; part < kImages; part += Lanes) {
    const V mean = vector_at<Lanes>(t.mean + part);
    V total{};
    V product{};
    for (std::int64_t y = 0; y < t.height; ++y) {
      const float* values = t.values + y * t.width * kImages + part;
      const float* gradient = t.gradient + y * t.gradient_strides.row + part;
      V row{};
      V row_product{};
      for (std::int64_t x = 0; x < t.width; ++x) {
        const V slope = vector_at<Lanes>(gradient + x * t.gradient_strides.pixel);
        row += slope;
        row_product += slope * (vector_at<Lanes>(values + x * kImages) - mean);
      }
      total += row;
      product += row_product;
    }
    vector_at<Lanes>(t.sum + part) = total;
    vector_at<Lanes>(t.product + part) = product * vector_at<Lanes>(t.scale + part);
  }
}

template <int Lanes>
SPURION_INLINE void norm_gradient_lanes(const NormGradient& t) {
  using V = typename Vector<Lanes>::Type;
  clear_margin<Lanes>(t.framed, t.frame, t.height, t.width);
  for (std::int64_t part = 0; part < kImages; part += Lanes) {
    const V mean = vector_at<Lanes>(t.mean + part);
    const V slope = vector_at<Lanes>(t.slope + part);
    const V offset = vector_at<Lanes>(t.offset + part);
    const V tilt = vector_at<Lanes>(t.tilt + part);
    V total{};
    for (std::int64_t y = 0; y < t.height; ++y) {
      const float* values = t.values + y * t.width * kImages + part;
      const float* gradient = t.gradient + y * t.gradient_strides.row + part;
      float* out = t.framed + ((t.frame.top + y) * t.frame.width + t.frame.left) * kImages + part;
      V row{};
      for (std::int64_t x = 0; x < t.width; ++x) {
        const V value = vector_at<Lanes>(values + x * kImages);
        V result = vector_at<Lanes>(gradient + x * t.gradient_strides.pixel) * slope - offset -
                   (value - mean) * tilt;
        result = value > 0.0F ? result : V{};
        vector_at<Lanes>(out + x * kImages) = result;
        row += result;
      }
      total += row;
    }
    vector_at<Lanes>(t.sum + part) = total;
  }
}

}  // namespace

SPURION_KERNEL(group_statistics, GroupStatistics)
SPURION_KERNEL(normalise, Normalise)
SPURION_KERNEL(normalised_sum, NormalisedSum)
SPURION_KERNEL(norm_gradient_sums, NormGradientSums)
SPURION_KERNEL(norm_gradient, NormGradient)

}  // namespace spurion::engine
