#include "data/glyphs.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>

#include "catch.hpp"
#include "spurion/image_source.hpp"

namespace spurion::data {
namespace {

constexpr std::int64_t kTestImages = 10000;

TEST_CASE("Glyph i does not depend on how many are drawn; the files differ") {
  const ImagePool few = draw_glyphs(true, 50);
  const ImagePool many = draw_glyphs(true, 200);
  CHECK(std::equal(few.pixels.begin(), few.pixels.end(), many.pixels.begin()));
  CHECK(std::equal(few.labels.begin(), few.labels.end(), many.labels.begin()));
  CHECK(draw_glyphs(false, 50).pixels != few.pixels);
  CHECK(draw_glyphs(true, 0).count == 0);
}

TEST_CASE("Glyphs look like digits on a blank ground") {
  const ImagePool pool = draw_glyphs(false, kTestImages);
  REQUIRE(pool.count == 10000);
  REQUIRE(pool.pixels.size() == 10000 * 28 * 28);
  std::array<int, 10> classes{};
  for (const std::uint8_t label : pool.labels) {
    REQUIRE(label < 10);
    ++classes[label];
  }
  for (const int count : classes) CHECK(std::abs(count - 1000) < 4 * 30);  // 4 standard deviations

  int thin = 0;
  int cut = 0;
  for (std::int64_t i = 0; i < pool.count; ++i) {
    const std::uint8_t* image = pool.pixels.data() + i * 784;
    const auto inked = std::count_if(image, image + 784, [](std::uint8_t p) { return p > 100; });
    // MNIST has about 100 such pixels in an image.
    thin += inked < 15 || inked > 300 ? 1 : 0;
    bool edge = false;
    for (int j = 0; j < 28; ++j) {
      edge = edge || image[j] > 0 || image[27 * 28 + j] > 0 || image[28 * j] > 0 ||
             image[28 * j + 27] > 0;
    }
    cut += edge ? 1 : 0;
  }
  CHECK(thin == 0);
  CHECK(cut < 500);
}

TEST_CASE("Sources share one copy of the glyphs") {
  const DataSources sources;
  const auto first = sources.images("glyphs", false);
  CHECK(first == sources.images("glyphs", false));
  CHECK(first->count == kTestImages);
  CHECK(first->labels == draw_glyphs(false, kTestImages).labels);
}

}  // namespace
}  // namespace spurion::data
