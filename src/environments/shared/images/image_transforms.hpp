#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "spurion/export.hpp"

/// \file
/// What environments do to the images of a source. All of it takes an image of 28 x 28 bytes and
/// writes `side` x `side` numbers in [0, 1]: side 28 is the whole picture, 14 every second pixel of
/// it.

namespace spurion::environments {

/// The image as it is, divided by 255.
SPURION_API void copy_image(const std::uint8_t* image, std::int64_t side, float* out);

/// Anti-clockwise by an angle in degrees about the centre, with Pillow's bicubic filter (the cubic
/// with a = -1), rounded down to bytes as there; what comes from outside is black. Built once an
/// angle, cheap to apply.
class SPURION_API Rotation {
 public:
  Rotation(double degrees, std::int64_t side);
  void apply(const std::uint8_t* image, float* out) const;

 private:
  struct Tap {
    std::int32_t corner;  ///< of the 4 x 4 pixels, in the padded image; -1: outside
    std::array<float, 4> across;
    std::array<float, 4> down;
  };
  std::vector<Tap> taps_;
};

/// Gaussian blur, `sigma` in pixels of the 28 x 28 image, cut off at three sigma (at most
/// `kMaxRadius` pixels); black around.
class SPURION_API Blur {
 public:
  static constexpr std::int64_t kMaxRadius = 9;
  static constexpr double kMaxSigma = 3.0;

  Blur(double sigma, std::int64_t side);
  void apply(const std::uint8_t* image, float* out) const;

 private:
  std::int64_t side_;
  std::int64_t radius_ = 0;
  std::array<float, 2 * kMaxRadius + 1> weights_{};
};

/// Red, green and blue of a hue in [0, 1), fully saturated and bright.
SPURION_API std::array<float, 3> hue_colour(double hue);

}  // namespace spurion::environments
