#include "environments/shared/images/image_transforms.hpp"

#include <cmath>
#include <numeric>

#include "catch.hpp"
#include "environments/shared/images/image_classes.hpp"
#include "unit/environments/coloured_images_world.hpp"

namespace spurion {
namespace {

using environments::Blur;
using environments::copy_image;
using environments::kImagePixels;
using environments::kImageSide;
using environments::Rotation;

using Picture = std::vector<float>;

const std::uint8_t* glyph() {
  static const auto pool = tests::shared_sources()->images("glyphs", true);
  return pool->pixels.data() + 17 * kImagePixels;
}

Picture blank(std::int64_t side) { return Picture(static_cast<std::size_t>(side * side)); }

Picture copied(std::int64_t side) {
  Picture out = blank(side);
  copy_image(glyph(), side, out.data());
  return out;
}

Picture turned(double degrees, std::int64_t side) {
  Picture out = blank(side);
  Rotation(degrees, side).apply(glyph(), out.data());
  return out;
}

Picture blurred(double sigma, std::int64_t side) {
  Picture out = blank(side);
  Blur(sigma, side).apply(glyph(), out.data());
  return out;
}

Picture every_second(const Picture& full) {
  Picture out;
  for (std::size_t row = 0; row < 28; row += 2) {
    for (std::size_t column = 0; column < 28; column += 2) out.push_back(full[row * 28 + column]);
  }
  return out;
}

double sum(const Picture& picture) { return std::accumulate(picture.begin(), picture.end(), 0.0); }

TEST_CASE("no turn and no blur leave the image as it is") {
  for (const std::int64_t side : {std::int64_t{14}, kImageSide}) {
    CHECK(turned(0.0, side) == copied(side));
    CHECK(blurred(0.0, side) == copied(side));
    CHECK(blurred(1e-308, side) == copied(side));  // its square is 0
  }
}

TEST_CASE("small pictures are every second pixel of large ones") {
  CHECK(copied(14) == every_second(copied(28)));
  CHECK(turned(30.0, 14) == every_second(turned(30.0, 28)));
  CHECK(blurred(1.3, 14) == every_second(blurred(1.3, 28)));
}

TEST_CASE("a quarter turn moves the right edge to the top") {
  const Picture from = copied(28);
  const Picture to = turned(90.0, 28);
  for (std::size_t row = 0; row < 28; ++row) {
    for (std::size_t column = 0; column < 28; ++column) {
      REQUIRE(to[row * 28 + column] == from[column * 28 + 27 - row]);
    }
  }
}

TEST_CASE("a turn keeps plain areas plain and what is outside black") {
  std::vector<std::uint8_t> white(static_cast<std::size_t>(kImagePixels), 255);
  Picture out = blank(28);
  Rotation(45.0, 28).apply(white.data(), out.data());
  CHECK(out[14 * 28 + 14] == 1.0F);
  CHECK(out[0] == 0.0F);
  for (const float one : out) CHECK((one == 0.0F || one == 1.0F));
}

TEST_CASE("a blur keeps the amount of light and spreads it as its sigma says") {
  std::vector<std::uint8_t> dot(static_cast<std::size_t>(kImagePixels), 0);
  dot[14 * 28 + 14] = 255;
  for (const double sigma : {0.5, 1.0, 2.0}) {
    Picture out = blank(28);
    Blur(sigma, 28).apply(dot.data(), out.data());
    double variance = 0.0;
    for (std::size_t column = 0; column < 28; ++column) {
      const double distance = static_cast<double>(column) - 14.0;
      for (std::size_t row = 0; row < 28; ++row) {
        variance += distance * distance * static_cast<double>(out[row * 28 + column]);
      }
    }
    CHECK(sum(out) == Approx(1.0).epsilon(1e-5));
    // That of a normal density read at whole pixels and cut off at three sigma.
    double expected = 0.0;
    double weights = 0.0;
    const double reach = std::ceil(3.0 * sigma);
    for (double distance = -reach; distance <= reach; distance += 1.0) {
      const double weight = std::exp(-distance * distance / (2.0 * sigma * sigma));
      expected += weight * distance * distance;
      weights += weight;
    }
    CHECK(variance == Approx(expected / weights).epsilon(1e-4));
  }
}

TEST_CASE("hues go round the circle") {
  const auto is = [](double hue, float red, float green, float blue) {
    const auto found = environments::hue_colour(hue);
    CHECK(found[0] == Approx(red).margin(1e-6));
    CHECK(found[1] == Approx(green).margin(1e-6));
    CHECK(found[2] == Approx(blue).margin(1e-6));
  };
  is(0.0, 1, 0, 0);
  is(0.2, 0.8F, 1, 0);
  is(0.5, 0, 1, 1);
  is(0.8, 0.8F, 0, 1);
}

}  // namespace
}  // namespace spurion
