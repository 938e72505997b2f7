#include "environments/shared/images/image_transforms.hpp"

#include <algorithm>
#include <cmath>

#include "environments/shared/images/image_classes.hpp"
#include "environments/shared/numerics/quadrature.hpp"

namespace spurion::environments {

namespace {

/// Cubic convolution with a = -1 at distances 1 + t, t, 1 - t, 2 - t.
std::array<float, 4> cubic(double t) {
  return {static_cast<float>(-t + 2.0 * t * t - t * t * t),
          static_cast<float>(1.0 - 2.0 * t * t + t * t * t),
          static_cast<float>(t + t * t - t * t * t), static_cast<float>(-t * t + t * t * t)};
}

}  // namespace

void copy_image(const std::uint8_t* image, std::int64_t side, float* out) {
  const std::int64_t step = kImageSide / side;
  for (std::int64_t row = 0; row < side; ++row) {
    const std::uint8_t* line = image + row * step * kImageSide;
    for (std::int64_t column = 0; column < side; ++column) {
      out[row * side + column] = static_cast<float>(line[column * step]) / 255.0F;
    }
  }
}

namespace {

/// Pixels of the border repeated on each side, as far as a filter reaches.
constexpr std::int64_t kEdge = 2;
constexpr std::int64_t kPaddedSide = kImageSide + 2 * kEdge;

}  // namespace

Rotation::Rotation(double degrees, std::int64_t side) {
  const double angle = degrees * kPi / 180.0;
  const double cosine = std::cos(angle);
  const double sine = std::sin(angle);
  constexpr double kCentre = static_cast<double>(kImageSide) / 2.0;
  constexpr auto kEnd = static_cast<double>(kImageSide);
  const std::int64_t step = kImageSide / side;
  taps_.reserve(static_cast<std::size_t>(side * side));
  for (std::int64_t row = 0; row < side; ++row) {
    for (std::int64_t column = 0; column < side; ++column) {
      const double x = static_cast<double>(column * step) + 0.5 - kCentre;
      const double y = static_cast<double>(row * step) + 0.5 - kCentre;
      const double from_x = cosine * x - sine * y + kCentre;
      const double from_y = sine * x + cosine * y + kCentre;
      Tap tap{-1, {}, {}};
      if (from_x >= 0.0 && from_x < kEnd && from_y >= 0.0 && from_y < kEnd) {
        const double left = std::floor(from_x - 0.5);
        const double top = std::floor(from_y - 0.5);
        tap.corner =
            static_cast<std::int32_t>((static_cast<std::int64_t>(top) - 1 + kEdge) * kPaddedSide +
                                      static_cast<std::int64_t>(left) - 1 + kEdge);
        tap.across = cubic(from_x - 0.5 - left);
        tap.down = cubic(from_y - 0.5 - top);
      }
      taps_.push_back(tap);
    }
  }
}

void Rotation::apply(const std::uint8_t* image, float* out) const {
  std::array<float, static_cast<std::size_t>(kPaddedSide * kPaddedSide)> padded;
  for (std::int64_t row = 0; row < kPaddedSide; ++row) {
    const std::uint8_t* line =
        image + std::clamp<std::int64_t>(row - kEdge, 0, kImageSide - 1) * kImageSide;
    float* to = padded.data() + row * kPaddedSide;
    for (std::int64_t column = 0; column < kImageSide; ++column) {
      to[column + kEdge] = static_cast<float>(line[column]);
    }
    for (std::int64_t edge = 0; edge < kEdge; ++edge) {
      to[edge] = to[kEdge];
      to[kEdge + kImageSide + edge] = to[kEdge + kImageSide - 1];
    }
  }
  // Weights of a plain area add up to 1 only nearly; this much keeps 254.9999 from becoming 254.
  constexpr float kRounding = 1.0F / 1024.0F;
  for (const Tap& tap : taps_) {
    float value = 0.0F;
    if (tap.corner >= 0) {
      const float* line = padded.data() + tap.corner;
      std::array<float, 4> sums{};
      for (std::size_t row = 0; row < 4; ++row, line += kPaddedSide) {
        for (std::size_t column = 0; column < 4; ++column) {
          sums[column] += tap.down[row] * line[column];
        }
      }
      value = sums[0] * tap.across[0] + sums[1] * tap.across[1] + sums[2] * tap.across[2] +
              sums[3] * tap.across[3];
    }
    const float byte = std::min(255.0F, std::max(0.0F, value + kRounding));
    *out++ = static_cast<float>(static_cast<int>(byte)) / 255.0F;
  }
}

Blur::Blur(double sigma, std::int64_t side) : side_(side) {
  radius_ = std::min(kMaxRadius, static_cast<std::int64_t>(std::ceil(3.0 * sigma)));
  double sum = 0.0;
  std::array<double, 2 * kMaxRadius + 1> exact{};
  for (std::int64_t i = -radius_; i <= radius_; ++i) {
    const auto distance = static_cast<double>(i);
    // The square of a tiny sigma is 0: the middle is looked at apart.
    const double weight = i == 0 ? 1.0 : std::exp(-distance * distance / (2.0 * sigma * sigma));
    exact[static_cast<std::size_t>(i + radius_)] = weight;
    sum += weight;
  }
  for (std::size_t i = 0; i < exact.size(); ++i) {
    weights_[i] = static_cast<float>(exact[i] / sum);
  }
}

void Blur::apply(const std::uint8_t* image, float* out) const {
  if (radius_ == 0) {
    copy_image(image, side_, out);
    return;
  }
  constexpr std::int64_t kWide = kImageSide + 2 * kMaxRadius;
  const std::int64_t step = kImageSide / side_;
  std::array<float, static_cast<std::size_t>(kImagePixels)> pixels;
  for (std::size_t i = 0; i < pixels.size(); ++i) pixels[i] = static_cast<float>(image[i]);
  std::array<float, static_cast<std::size_t>(kWide)> line{};
  for (std::int64_t row = 0; row < side_; ++row) {
    float* middle = line.data() + kMaxRadius;
    std::fill_n(middle, kImageSide, 0.0F);
    const std::int64_t from = std::max<std::int64_t>(0, row * step - radius_);
    const std::int64_t to = std::min(kImageSide - 1, row * step + radius_);
    for (std::int64_t above = from; above <= to; ++above) {
      const float weight = weights_[static_cast<std::size_t>(above - row * step + radius_)];
      const float* source = pixels.data() + above * kImageSide;
      for (std::int64_t column = 0; column < kImageSide; ++column) {
        middle[column] += weight * source[column];
      }
    }
    for (std::int64_t column = 0; column < side_; ++column) {
      const float* near = middle + column * step - radius_;
      float sum = 0.0F;
      for (std::int64_t i = 0; i <= 2 * radius_; ++i) {
        sum += weights_[static_cast<std::size_t>(i)] * near[i];
      }
      out[row * side_ + column] = sum / 255.0F;
    }
  }
}

std::array<float, 3> hue_colour(double hue) {
  const auto channel = [&](double offset) {
    const double place = std::fmod(hue * 6.0 + offset, 6.0);
    return static_cast<float>(std::clamp(std::min(place, 4.0 - place), 0.0, 1.0));
  };
  // Each channel is full for a third of the circle and absent for another.
  return {channel(2.0), channel(0.0), channel(4.0)};
}

}  // namespace spurion::environments
