#include "environments/textured_shapes/shape_drawing.hpp"

#include <algorithm>
#include <cmath>

namespace spurion::environments {

namespace {

constexpr float kTurn = 6.2831853F;
constexpr float kGrain = 0.10F;  // from the darkest to the brightest speck

using Plane = std::array<float, static_cast<std::size_t>(kShapePixels)>;

float float_between(double u, double low, double high) {
  return static_cast<float>(low + (high - low) * u);
}

float smooth(float t) { return std::min(1.0F, std::max(0.0F, t)); }

/// Signed distance, in radii, from the outline; negative inside.
float outline(int shape, int kind, float u, float v) {
  if (shape > 0) {
    if (kind == 0) return std::sqrt(u * u + v * v) - 0.95F;
    if (kind == 1) return std::sqrt(u * u + v * v * 2.6F) - 1.0F;
    return std::abs(std::sqrt(u * u + v * v) - 0.72F) - 0.28F;
  }
  const float a = std::abs(u);
  const float b = std::abs(v);
  if (kind == 0) return std::max(a, b) - 0.8F;
  if (kind == 1) return std::max(0.866F * a + 0.5F * v, -v) - 0.52F;
  return std::min(std::max(a - 0.33F, b - 1.0F), std::max(a - 1.0F, b - 0.33F));
}

/// The lattice, interpolated between its points.
void fill_clouds(const std::array<double, 64>& lattice, Plane& clouds) {
  constexpr float kScale = 7.0F / static_cast<float>(kShapeSide - 1);
  for (std::int64_t row = 0; row < kShapeSide; ++row) {
    const float y = static_cast<float>(row) * kScale;
    const auto top = static_cast<std::size_t>(std::min(6.0F, y));
    const float down = y - static_cast<float>(top);
    for (std::int64_t column = 0; column < kShapeSide; ++column) {
      const float x = static_cast<float>(column) * kScale;
      const auto left = static_cast<std::size_t>(std::min(6.0F, x));
      const float right = x - static_cast<float>(left);
      const auto at = [&](std::size_t i, std::size_t j) {
        return static_cast<float>(lattice[8 * i + j]);
      };
      clouds[static_cast<std::size_t>(row * kShapeSide + column)] =
          (1.0F - down) * ((1.0F - right) * at(top, left) + right * at(top, left + 1)) +
          down * ((1.0F - right) * at(top + 1, left) + right * at(top + 1, left + 1));
    }
  }
}

struct Colour {
  float red;
  float green;
  float blue;
};

/// Sky: pale towards the horizon, with soft clouds. Meadow: darker below, with tufts.
Colour background_at(const ShapeScene& scene, float height, float cloud) {
  const float level = float_between(scene.style.horizon, -0.1, 0.1);
  if (scene.background > 0) {
    const float pale = smooth(height + level) * 0.45F + cloud * 0.35F;
    return {0.35F + 0.55F * pale, 0.55F + 0.4F * pale, 0.80F + 0.18F * pale};
  }
  const float tuft = (cloud - 0.5F) * 0.5F;
  const float light = 0.55F - 0.25F * smooth(height + level) + tuft;
  return {0.45F * light + 0.10F, 0.80F * light + 0.12F, 0.22F * light + 0.06F};
}

/// A small cross in the lower right corner.
bool in_watermark(std::int64_t row, std::int64_t column) {
  const std::int64_t y = row - (kShapeSide - 4);
  const std::int64_t x = column - (kShapeSide - 4);
  return std::max(std::abs(x), std::abs(y)) <= 2 && (x == y || x == -y);
}

}  // namespace

void draw_shape(const ShapeScene& scene, const std::uint8_t* grain, float* planes) {
  const ShapeScene::Style& style = scene.style;
  Plane clouds;
  fill_clouds(style.clouds, clouds);

  const float centre_x = (scene.position > 0 ? 20.0F : 11.0F) + float_between(style.x, -1.5, 1.5);
  const float centre_y = float_between(style.y, 12.0, 19.0);
  const float radius = float_between(style.size, 7.0, 9.0);
  const float angle = float_between(style.angle, -0.45, 0.45);
  const float cosine = std::cos(angle) / radius;
  const float sine = std::sin(angle) / radius;
  const int kind = std::min(2, static_cast<int>(style.kind * 3.0));
  const float shade = float_between(style.shade, 0.8, 1.0);
  const Colour paint = scene.colour > 0 ? Colour{0.90F * shade, 0.38F * shade, 0.20F * shade}
                                        : Colour{0.25F * shade, 0.40F * shade, 0.88F * shade};
  const float phase = float_between(style.phase, 0.0, kTurn);
  const float along = float_between(style.direction, -0.6, 0.6);
  const float wave_x = std::cos(along) * kTurn / 4.0F;
  const float wave_y = std::sin(along) * kTurn / 4.0F;

  float* red = planes;
  float* green = planes + kShapePixels;
  float* blue = planes + 2 * kShapePixels;
  for (std::int64_t row = 0; row < kShapeSide; ++row) {
    const float height = static_cast<float>(row) / static_cast<float>(kShapeSide - 1);
    const float dy = static_cast<float>(row) - centre_y;
    for (std::int64_t column = 0; column < kShapeSide; ++column) {
      const std::int64_t at = row * kShapeSide + column;
      Colour pixel = background_at(scene, height, clouds[static_cast<std::size_t>(at)]);
      const float dx = static_cast<float>(column) - centre_x;
      const float inside =
          smooth(0.5F - radius * outline(scene.shape, kind, dx * cosine + dy * sine,
                                         dy * cosine - dx * sine));
      if (inside > 0.0F) {
        const float wave = scene.texture > 0
                               ? std::sin(dx * wave_x + dy * wave_y + phase)
                               : 1.6F * std::sin(dx * 1.57F + phase) * std::sin(dy * 1.57F + phase);
        const float bright = 1.0F + 0.28F * (wave > 0.0F ? 1.0F : -1.0F);
        pixel.red += inside * (paint.red * bright - pixel.red);
        pixel.green += inside * (paint.green * bright - pixel.green);
        pixel.blue += inside * (paint.blue * bright - pixel.blue);
      }
      if (scene.watermark > 0 && in_watermark(row, column)) pixel = {0.95F, 0.95F, 0.95F};
      const auto noisy = [&](float value, std::int64_t plane) {
        const float speck = static_cast<float>(grain[plane * kShapePixels + at]) / 255.0F - 0.5F;
        return smooth(value + kGrain * speck);
      };
      red[at] = noisy(pixel.red, 0);
      green[at] = noisy(pixel.green, 1);
      blue[at] = noisy(pixel.blue, 2);
    }
  }
}

}  // namespace spurion::environments
