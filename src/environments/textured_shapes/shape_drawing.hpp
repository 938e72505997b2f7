#pragma once

#include <array>
#include <cstdint>

namespace spurion::environments {

/// What one picture of `textured_shapes` shows. Two-valued things are -1 or +1.
struct ShapeScene {
  int shape = 1;       ///< +1 round (disc, ellipse, ring), -1 angular (square, triangle, cross)
  int background = 1;  ///< +1 sky, -1 meadow
  int colour = 1;      ///< +1 warm, -1 cool
  int texture = 1;     ///< +1 stripes, -1 dots
  int position = 1;    ///< +1 right of the middle, -1 left
  int watermark = 1;   ///< +1 a mark in the corner, -1 none

  /// What differs between rows and is uninformative, each uniform in [0, 1).
  struct Style {
    double kind = 0.0;                ///< which of the three shapes of its class
    double x = 0.5;                   ///< place around the position
    double y = 0.5;                   ///< height
    double size = 0.5;                ///< radius
    double angle = 0.5;               ///< rotation
    double shade = 0.5;               ///< of the shape
    double phase = 0.5;               ///< of the texture
    double direction = 0.5;           ///< of the stripes
    double horizon = 0.5;             ///< of the background
    std::array<double, 64> clouds{};  ///< lattice of the background's unevenness
  };
  Style style;
};

constexpr std::int64_t kShapeSide = 32;
constexpr std::int64_t kShapePixels = kShapeSide * kShapeSide;

/// Draws three planes (red, green, blue) of 32 x 32 numbers in [0, 1]. `grain` holds one byte for
/// each number, the noise of the camera.
void draw_shape(const ShapeScene& scene, const std::uint8_t* grain, float* planes);

}  // namespace spurion::environments
