#pragma once

#include <array>
#include <cstddef>
#include <vector>

/// \file
/// The skeletons of the drawn digits.

namespace spurion::data {

struct Point {
  float x;
  float y;
};

/// One movement of the pen through its points, in a box of 1 x 1 with y downwards.
struct Stroke {
  enum class Shape {
    line,   ///< straight from point to point
    curve,  ///< smooth through the points
    loop    ///< smooth, and back to the first point
  };
  Shape shape;
  std::vector<Point> points;
};

/// A way to write a digit.
using Skeleton = std::vector<Stroke>;

namespace glyphs {

using Ways = std::vector<Skeleton>;
inline constexpr auto kLine = Stroke::Shape::line;
inline constexpr auto kCurve = Stroke::Shape::curve;
inline constexpr auto kLoop = Stroke::Shape::loop;

// One stroke after the other, not one point a line.
// clang-format off
inline Ways zero() {
  return {{{kLoop, {{.5F, 0}, {.24F, .14F}, {.14F, .5F}, {.24F, .86F}, {.5F, 1}, {.76F, .86F},
                    {.86F, .5F}, {.76F, .14F}}}},
          {{kCurve, {{.62F, .04F}, {.34F, .08F}, {.16F, .42F}, {.24F, .82F}, {.5F, 1}, {.78F, .82F},
                    {.84F, .42F}, {.68F, .1F}, {.42F, .02F}}}}};
}

inline Ways one() {
  return {{{kLine, {{.5F, 0}, {.5F, 1}}}},
          {{kLine, {{.3F, .2F}, {.52F, 0}, {.52F, 1}}}},
          {{kLine, {{.3F, .2F}, {.5F, 0}, {.5F, 1}}},
           {kLine, {{.26F, 1}, {.74F, 1}}}}};
}

inline Ways two() {
  return {{{kCurve, {{.16F, .26F}, {.3F, .05F}, {.58F, .0F}, {.8F, .2F}, {.72F, .48F}, {.44F, .76F},
                    {.12F, 1}}},
           {kLine, {{.12F, 1}, {.88F, .98F}}}},
          {{kCurve, {{.16F, .22F}, {.34F, .03F}, {.64F, .03F}, {.78F, .26F}, {.62F, .58F},
                    {.32F, .88F}, {.12F, .94F}, {.14F, .8F}, {.36F, .82F}, {.6F, .96F},
                    {.9F, .92F}}}}};
}

inline Ways three() {
  return {{{kCurve, {{.16F, .14F}, {.42F, 0}, {.74F, .1F}, {.72F, .34F}, {.38F, .46F}}},
           {kCurve, {{.38F, .46F}, {.74F, .54F}, {.84F, .78F}, {.56F, .99F}, {.14F, .9F}}}},
          {{kLine, {{.16F, .02F}, {.78F, .02F}, {.42F, .4F}}},
           {kCurve, {{.42F, .4F}, {.76F, .5F}, {.82F, .78F}, {.54F, .99F}, {.14F, .9F}}}}};
}

inline Ways four() {
  return {{{kLine, {{.2F, .02F}, {.14F, .54F}, {.84F, .52F}}},
           {kLine, {{.76F, 0}, {.7F, 1}}}},
          {{kLine, {{.66F, 1}, {.66F, 0}, {.08F, .66F}, {.92F, .66F}}}},
          {{kCurve, {{.24F, 0}, {.16F, .36F}, {.3F, .56F}, {.62F, .52F}, {.8F, .44F}}},
           {kLine, {{.8F, .06F}, {.74F, 1}}}}};
}

inline Ways five() {
  return {{{kLine, {{.8F, .01F}, {.28F, .01F}, {.22F, .44F}}},
           {kCurve, {{.22F, .44F}, {.52F, .36F}, {.82F, .54F}, {.8F, .82F}, {.5F, 1},
                    {.14F, .9F}}}},
          {{kCurve, {{.84F, 0}, {.5F, .06F}, {.3F, .08F}, {.24F, .42F}, {.56F, .42F}, {.8F, .64F},
                    {.68F, .92F}, {.36F, 1}, {.12F, .86F}}}}};
}

inline Ways six() {
  return {{{kCurve, {{.68F, 0}, {.36F, .24F}, {.18F, .58F}, {.24F, .88F}, {.5F, 1}, {.78F, .86F},
                    {.76F, .6F}, {.5F, .5F}, {.24F, .66F}}}},
          {{kCurve, {{.5F, 0}, {.26F, .34F}, {.18F, .7F}, {.34F, .97F}, {.64F, .96F}, {.78F, .74F},
                    {.6F, .54F}, {.36F, .6F}, {.22F, .78F}}}}};
}

inline Ways seven() {
  return {{{kLine, {{.12F, .02F}, {.86F, .02F}, {.42F, 1}}}},
          {{kLine, {{.12F, .02F}, {.84F, .02F}}},
           {kCurve, {{.84F, .02F}, {.62F, .36F}, {.48F, .7F}, {.42F, 1}}}},
          {{kLine, {{.14F, .02F}, {.86F, .02F}, {.42F, 1}}},
           {kLine, {{.38F, .5F}, {.82F, .48F}}}}};
}

inline Ways eight() {
  return {{{kLoop, {{.78F, .14F}, {.5F, 0}, {.24F, .18F}, {.4F, .42F}, {.74F, .64F}, {.76F, .9F},
                    {.5F, 1}, {.22F, .88F}, {.28F, .62F}, {.62F, .42F}}}},
          {{kLoop, {{.5F, 0}, {.26F, .12F}, {.28F, .36F}, {.5F, .46F}, {.74F, .34F}, {.74F, .1F}}},
           {kLoop, {{.5F, .46F}, {.2F, .6F}, {.22F, .88F}, {.5F, 1}, {.8F, .88F}, {.8F, .6F}}}}};
}

inline Ways nine() {
  return {{{kLoop, {{.8F, .22F}, {.54F, 0}, {.22F, .14F}, {.24F, .42F}, {.56F, .48F}}},
           {kLine, {{.8F, .2F}, {.74F, 1}}}},
          {{kCurve, {{.78F, .16F}, {.5F, .0F}, {.22F, .16F}, {.28F, .44F}, {.6F, .44F}, {.8F, .14F},
                    {.78F, .5F}, {.66F, .84F}, {.5F, 1}}}}};
}
// clang-format on

}  // namespace glyphs

/// The ways to write digit 0..9, each equally frequent. Every way has at least one stroke, every
/// stroke at least two points.
inline const std::vector<Skeleton>& glyph_skeletons(int digit) {
  static const std::array<glyphs::Ways, 10> all{
      glyphs::zero(), glyphs::one(), glyphs::two(),   glyphs::three(), glyphs::four(),
      glyphs::five(), glyphs::six(), glyphs::seven(), glyphs::eight(), glyphs::nine()};
  return all.at(static_cast<std::size_t>(digit));
}

}  // namespace spurion::data
