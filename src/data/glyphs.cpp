#include "data/glyphs.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <vector>

#include "data/glyph_strokes.hpp"
#include "spurion/error.hpp"
#include "spurion/random.hpp"

namespace spurion::data {
namespace {

constexpr int kSide = 28;
constexpr float kCentre = 13.5F;  // of the image, in pixel coordinates
constexpr float kHeight = 18.0F;  // of an average glyph, in pixels
constexpr float kWidth = 17.0F;   // of the box its strokes are given in
constexpr int kStepsPerSpan = 4;  // straight pieces between two points of a curve

// Lanes of a glyph's stream: fixed traits first, then its points, then its pixels.
enum Lane : std::int64_t {
  kDigit,
  kWay,
  kTurn,
  kShear,
  kScaleX,
  kScaleY,
  kShiftX,
  kShiftY,
  kPen,
  kInk,
  kFirstPoint = 100,
  kFirstPixel = 1000
};

/// Draws of one glyph.
class Dice {
 public:
  Dice(const RandomStream& stream, std::int64_t glyph) : stream_(&stream), glyph_(glyph) {}
  [[nodiscard]] int below(int n, std::int64_t lane) const {
    return static_cast<int>(stream_->below(n, glyph_, lane));
  }
  [[nodiscard]] float between(double low, double high, std::int64_t lane) const {
    return static_cast<float>(low + (high - low) * stream_->uniform(glyph_, lane));
  }
  /// Bell-shaped without the tails that would throw a glyph out of the image: the mean of the
  /// sixteen 4-bit digits of 64 random bits, scaled to standard deviation 1; |result| < 6.6.
  [[nodiscard]] float bell(std::int64_t lane) const {
    std::uint64_t bits = stream_->bits(glyph_, lane);
    int sum = 0;
    for (int i = 0; i < 16; ++i, bits >>= 4U) sum += static_cast<int>(bits & 15U);
    return (static_cast<float>(sum) - 120.0F) / 18.44F;
  }
  [[nodiscard]] std::uint64_t bits(std::int64_t lane) const { return stream_->bits(glyph_, lane); }

 private:
  const RandomStream* stream_;
  std::int64_t glyph_;
};

/// x' = a x + b y + c, y' = d x + e y + f.
struct Affine {
  float a, b, c, d, e, f;
  [[nodiscard]] Point operator()(Point p) const {
    return {a * p.x + b * p.y + c, d * p.x + e * p.y + f};
  }
};

/// From the box of the strokes to pixels: scale, slant, turn, then move, all about the centre.
Affine random_affine(const Dice& dice) {
  const float turn = 0.11F * dice.bell(kTurn);
  const float shear = 0.12F + 0.16F * dice.bell(kShear);  // people write with a slant to the right
  const float scale_x = kWidth * std::clamp(1.0F + 0.14F * dice.bell(kScaleX), 0.6F, 1.3F);
  const float scale_y = kHeight * std::clamp(1.0F + 0.08F * dice.bell(kScaleY), 0.75F, 1.15F);
  const float cosine = std::cos(turn);
  const float sine = std::sin(turn);
  Affine map{};
  map.a = cosine * scale_x;
  map.b = (-cosine * shear - sine) * scale_y;
  map.d = sine * scale_x;
  map.e = (cosine - sine * shear) * scale_y;
  const Point middle = map({0.5F, 0.5F});
  map.c = kCentre + 0.7F * dice.bell(kShiftX) - middle.x;
  map.f = kCentre + 0.7F * dice.bell(kShiftY) - middle.y;
  return map;
}

Point catmull_rom(Point p0, Point p1, Point p2, Point p3, float t) {
  const auto blend = [t](float a, float b, float c, float d) {
    return 0.5F *
           (2 * b + t * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * (b - c) + d - a))));
  };
  return {blend(p0.x, p1.x, p2.x, p3.x), blend(p0.y, p1.y, p2.y, p3.y)};
}

/// The pieces of a stroke as one polyline; `points` are its (already displaced) points.
void trace(Stroke::Shape shape, const std::vector<Point>& points, std::vector<Point>& out) {
  out.clear();
  if (shape == Stroke::Shape::line) {
    out = points;
    return;
  }
  const bool loop = shape == Stroke::Shape::loop;
  const int count = static_cast<int>(points.size());
  const auto at = [&](int i) {
    const int index = loop ? (i + count) % count : std::clamp(i, 0, count - 1);
    return points[static_cast<std::size_t>(index)];
  };
  const int spans = loop ? count : count - 1;
  for (int span = 0; span < spans; ++span) {
    for (int step = 0; step < kStepsPerSpan; ++step) {
      const float t = static_cast<float>(step) / kStepsPerSpan;
      out.push_back(catmull_rom(at(span - 1), at(span), at(span + 1), at(span + 2), t));
    }
  }
  out.push_back(at(spans));
}

using Distances = std::array<float, kSide * kSide>;

/// Lowers `squared` (squared distance of each pixel to the strokes) near the piece from p to q;
/// only pixels within `reach` of it can be inked, so only those are looked at.
void approach(Point p, Point q, float reach, Distances& squared) {
  const auto first = [reach](float a, float b) {
    return std::max(0, static_cast<int>(std::ceil(std::min(a, b) - reach)));
  };
  const auto last = [reach](float a, float b) {
    return std::min(kSide - 1, static_cast<int>(std::floor(std::max(a, b) + reach)));
  };
  const float dx = q.x - p.x;
  const float dy = q.y - p.y;
  const float inverse_length = 1.0F / std::max(dx * dx + dy * dy, 1e-6F);
  const int left = first(p.x, q.x);
  const int right = last(p.x, q.x);
  const int bottom = last(p.y, q.y);
  for (int row = first(p.y, q.y); row <= bottom; ++row) {
    float* line = squared.data() + row * kSide;
    const float y = static_cast<float>(row) - p.y;
    for (int column = left; column <= right; ++column) {
      const float x = static_cast<float>(column) - p.x;
      const float t = std::clamp((x * dx + y * dy) * inverse_length, 0.0F, 1.0F);
      const float ex = x - t * dx;
      const float ey = y - t * dy;
      line[column] = std::min(line[column], ex * ex + ey * ey);
    }
  }
}

/// Ink of a pixel falls from full to none over one pixel around the pen's edge; inked pixels lose
/// up to an eighth at random, blank ones stay blank as in MNIST.
void ink(const Dice& dice, float pen, const Distances& squared, std::uint8_t* pixels) {
  const float strength = dice.between(225, 255, kInk);
  constexpr int kPixelsPerDraw = 16;  // four bits each
  for (int block = 0; block < kSide * kSide; block += kPixelsPerDraw) {
    std::array<float, kPixelsPerDraw> cover;
    float most = 0;
    for (int i = 0; i < kPixelsPerDraw; ++i) {
      const float distance =
          std::sqrt(squared[static_cast<std::size_t>(block) + static_cast<std::size_t>(i)]);
      cover[static_cast<std::size_t>(i)] = std::clamp(pen + 0.5F - distance, 0.0F, 1.0F);
      most = std::max(most, cover[static_cast<std::size_t>(i)]);
    }
    if (most == 0) continue;
    std::uint64_t noise = dice.bits(kFirstPixel + block);
    for (int i = 0; i < kPixelsPerDraw; ++i, noise >>= 4U) {
      const float loss = 1.0F - static_cast<float>(noise & 15U) / 128.0F;
      // Never negative, so adding a half rounds; and unlike lround it vectorises.
      const float ink = strength * loss * cover[static_cast<std::size_t>(i)] + 0.5F;
      pixels[block + i] = static_cast<std::uint8_t>(ink);
    }
  }
}

/// Working space of `draw`, kept between glyphs.
struct Scratch {
  std::vector<Point> points;
  std::vector<Point> pieces;
  Distances squared;
};

/// Draws glyph `dice` into 28 x 28 zeroed pixels; returns its class.
std::uint8_t draw(const Dice& dice, Scratch& scratch, std::uint8_t* pixels) {
  const int digit = dice.below(10, kDigit);
  const std::vector<Skeleton>& ways = glyph_skeletons(digit);
  const int way = dice.below(static_cast<int>(ways.size()), kWay);
  const Affine map = random_affine(dice);
  const float pen = dice.between(0.75, 1.7, kPen);
  const float reach = pen + 0.5F;

  scratch.squared.fill(1e6F);
  std::int64_t lane = kFirstPoint;
  for (const Stroke& stroke : ways[static_cast<std::size_t>(way)]) {
    scratch.points.clear();
    for (const Point& point : stroke.points) {
      const Point moved = map(point);
      scratch.points.push_back(
          {moved.x + 0.45F * dice.bell(lane), moved.y + 0.45F * dice.bell(lane + 1)});
      lane += 2;
    }
    trace(stroke.shape, scratch.points, scratch.pieces);
    for (std::size_t i = 1; i < scratch.pieces.size(); ++i) {
      approach(scratch.pieces[i - 1], scratch.pieces[i], reach, scratch.squared);
    }
  }
  ink(dice, pen, scratch.squared, pixels);
  return static_cast<std::uint8_t>(digit);
}

}  // namespace

ImagePool draw_glyphs(bool training_file, std::int64_t count) {
  SPURION_CHECK(count >= 0, "a number of glyphs");
  // The seed is part of the definition of the data: another one would be other data.
  const RandomStream stream(RandomKey(28).child("glyphs").child(training_file ? "train" : "test"));
  ImagePool pool;
  pool.count = count;
  pool.rows = kSide;
  pool.columns = kSide;
  pool.pixels.assign(static_cast<std::size_t>(count * kSide * kSide), 0);
  pool.labels.resize(static_cast<std::size_t>(count));
  Scratch scratch{};
  for (std::int64_t i = 0; i < count; ++i) {
    pool.labels[static_cast<std::size_t>(i)] =
        draw(Dice(stream, i), scratch, pool.pixels.data() + i * kSide * kSide);
  }
  return pool;
}

}  // namespace spurion::data
