#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "environments/shared/images/cued_images.hpp"
#include "environments/shared/images/image_transforms.hpp"
#include "spurion/error.hpp"

namespace spurion::environments {
namespace {

using environments::CuedImages;
using environments::CuedImagesOptions;
using environments::kImagePixels;
using environments::kImageSide;

struct CueImagesOptions : CuedImagesOptions {
  CueImagesOptions() {
    classes = "pairs";
    train_shifts = {0.005};
    test_shift = 0.8;
  }
  std::string cue = "background";
  std::string difficulty = "magnitude_large";
  std::string follows = "shape";
  double feature_noise = 0.0;
};

/// How much of the picture a coloured background fills: a square of points, of which some, drawn
/// again for each picture, are coloured.
struct Patch {
  const char* name;
  std::int64_t square;
  std::int64_t points;
};

constexpr Patch kPatches[] = {
    {"magnitude_large", 28, 784}, {"magnitude_medium", 4, 16}, {"magnitude_small", 2, 4},
    {"variance_low", 7, 49},      {"variance_medium", 14, 49}, {"variance_high", 28, 49},
};

std::string text_of(const Patch& patch) {
  const std::string square = patch.square == 28
                                 ? "the whole picture"
                                 : fmt::format("the upper left {0} x {0} pixels", patch.square);
  if (patch.points == patch.square * patch.square) return square;
  return fmt::format("{} points of {}, drawn for each picture", patch.points, square);
}

std::vector<std::string> patch_names() {
  std::vector<std::string> names;
  for (const Patch& patch : kPatches) names.emplace_back(patch.name);
  return names;
}

/// What each cue looks like, value v of C.
struct Look {
  const char* name;
  const char* doc;
  const char* painting;
  std::int64_t planes;
};

constexpr Look kLooks[] = {
    {"background", "colour of the black pixels: hue v / C",
     "x = image / 255 in three planes; where it is black, inside the patch, hue(cue / C)", 3},
    {"colour", "colour of the image: hue v / C", "x = image / 255 * hue(cue / C)", 3},
    {"blur", "how blurred the picture is: sigma 2 v / (C - 1) pixels",
     "x = image / 255, blurred with sigma 2 cue / (C - 1)", 1},
    {"rotation", "rotation of the image: 90 v / (C - 1) degrees",
     "x = image / 255, rotated by 90 cue / (C - 1) degrees", 1},
};

const Look& look_of(const std::string& name) {
  for (const Look& look : kLooks) {
    if (name == look.name) return look;
  }
  throw UsageError(fmt::format("unknown cue '{}' of cue_images", name));
}

/// The cues of SpuCoMNIST over any source of images: what correlates with the class, how strongly,
/// how easy it is to see, how noisy label and image are. See datasets/cue_images.md.
class CueImages final : public CuedImages {
 public:
  using Options = CueImagesOptions;

  static const Schema<Options>& schema() {
    static const auto schema =
        Schema<Options>()
            .include(CuedImagesOptions::schema())
            .field("cue", &Options::cue, "The cue that correlates with the class.",
                   one_of({"background", "colour", "blur", "rotation"}))
            .field("difficulty", &Options::difficulty,
                   "Coloured part of the background: from all of it (magnitude_large) to 2 x 2 "
                   "pixels (magnitude_small), or 49 pixels that are the same in all images "
                   "(variance_low) or random in each image (variance_high).",
                   one_of(patch_names()))
            .field("follows", &Options::follows,
                   "What the cue correlates with: the shape, or the label with its noise.",
                   one_of({"shape", "label"}))
            .field("feature_noise", &Options::feature_noise,
                   "P(standard normal noise is added to an image).", between(0, 1))
            .preset("easy", {{"train_shifts", Value::List{0.1}}})
            .preset("medium", {})
            .preset("hard", {{"label_noise", 0.25},
                             {"follows", "label"},
                             {"train_shifts", Value::List{0.1, 0.2}}});
    return schema;
  }

  CueImages(const Options& options, const EnvironmentContext& context)
      : CuedImages(options,
                   {"cue_images", options.cue, look_of(options.cue).doc,
                    look_of(options.cue).planes, options.follows == "shape"},
                   context),
        cue_(options.cue),
        feature_noise_(options.feature_noise) {
    for (const Patch& patch : kPatches) {
      if (options.difficulty == patch.name) patch_ = patch;
    }
    const auto steps = static_cast<double>(classes() - 1);
    for (int value = 0; value < classes(); ++value) {
      const auto place = static_cast<double>(value);
      hues_.push_back(environments::hue_colour(place / static_cast<double>(classes())));
      if (cue_ == "blur") blurs_.emplace_back(kMostBlurred * place / steps, side());
      if (cue_ == "rotation") rotations_.emplace_back(kMostTurned * place / steps, side());
    }
    describe(options, context.sources->image_source(options.source).title);
  }

  /// Where noise hides some pictures, what is lost is at most what their class was worth; what the
  /// cue alone, or ERM, says of those is anything.
  [[nodiscard]] Ceilings ceilings(const Domain& domain) const override {
    Ceilings out = CuedImages::ceilings(domain);
    if (feature_noise_ == 0.0) return out;
    out.bayes.error_bound = feature_noise_ * (out.bayes.value - out.chance);
    out.invariant.error_bound = feature_noise_ * (out.invariant.value - out.chance);
    out.spurious_only.error_bound = feature_noise_;
    if (out.population_erm) out.population_erm->error_bound = feature_noise_;
    return out;
  }

 protected:
  void paint(const std::uint8_t* image, int cue, const RandomKey& key, std::int64_t row,
             float* planes) const override {
    const auto value = static_cast<std::size_t>(cue);
    if (cue_ == "blur") {
      blurs_[value].apply(image, planes);
    } else if (cue_ == "rotation") {
      rotations_[value].apply(image, planes);
    } else if (cue_ == "colour") {
      paint_colour(image, hues_[value], planes);
    } else {
      paint_background(image, hues_[value], RandomStream(key.child("patch")), row, planes);
    }
    if (feature_noise_ > 0.0) add_noise(key, row, planes);
  }

 private:
  static constexpr double kMostBlurred = 2.0;
  static constexpr double kMostTurned = 90.0;
  using Points = std::array<std::uint8_t, static_cast<std::size_t>(kImagePixels)>;

  void paint_colour(const std::uint8_t* image, const std::array<float, 3>& hue,
                    float* planes) const {
    const std::int64_t area = side() * side();
    environments::copy_image(image, side(), planes);
    for (std::size_t channel = 3; channel-- > 0;) {
      float* plane = planes + static_cast<std::int64_t>(channel) * area;
      for (std::int64_t i = 0; i < area; ++i) plane[i] = planes[i] * hue[channel];
    }
  }

  /// Which points of the 28 x 28 are coloured: Floyd's draw of `points` among those of the square.
  [[nodiscard]] Points coloured_points(const RandomStream& stream, std::int64_t row) const {
    Points points{};
    const std::int64_t all = patch_.square * patch_.square;
    std::int64_t lane = 0;
    for (std::int64_t last = all - patch_.points; last < all; ++last) {
      const auto index = [&](std::int64_t number) {
        return static_cast<std::size_t>(number / patch_.square * kImageSide +
                                        number % patch_.square);
      };
      const std::size_t wanted =
          index(patch_.points == all ? last : stream.below(last + 1, row, lane++));
      points[points[wanted] == 0 ? wanted : index(last)] = 1;
    }
    return points;
  }

  void paint_background(const std::uint8_t* image, const std::array<float, 3>& hue,
                        const RandomStream& stream, std::int64_t row, float* planes) const {
    const std::int64_t area = side() * side();
    const std::int64_t step = kImageSide / side();
    environments::copy_image(image, side(), planes);
    std::copy_n(planes, area, planes + area);
    std::copy_n(planes, area, planes + 2 * area);
    const bool everywhere = patch_.points == kImagePixels;
    const Points points = everywhere ? Points{} : coloured_points(stream, row);
    for (std::int64_t y = 0; y < side(); ++y) {
      for (std::int64_t x = 0; x < side(); ++x) {
        const std::int64_t from = y * step * kImageSide + x * step;
        if (image[from] != 0 || (!everywhere && points[static_cast<std::size_t>(from)] == 0)) {
          continue;
        }
        for (std::size_t channel = 0; channel < 3; ++channel) {
          planes[static_cast<std::int64_t>(channel) * area + y * side() + x] = hue[channel];
        }
      }
    }
  }

  void add_noise(const RandomKey& key, std::int64_t row, float* planes) const {
    if (!RandomStream(key.child("feature_noise")).bernoulli(feature_noise_, row)) return;
    const RandomStream grain(key.child("grain"));
    const std::int64_t numbers = info_.input_shape.front() * side() * side();
    std::vector<float> noise(static_cast<std::size_t>(numbers));
    grain.fill_normal(row, 1, numbers, noise.data());
    for (std::size_t i = 0; i < noise.size(); ++i) planes[i] += noise[i];
  }

  void describe(const Options& options, const std::string& images) {
    info_.title = fmt::format("{} with a {} as the cue", images, options.cue);
    info_.citation =
        "after Joshi, Yang, Xue, Yang, Mirzasoleiman 2023 (SpuCoMNIST), arXiv:2306.11957";
    info_.mechanism = environments::cued_images_mechanism(
        options, options.cue, options.follows == "shape", look_of(options.cue).painting);
    if (options.cue == "background") {
      info_.mechanism += "\npatch = " + text_of(patch_);
    }
    if (options.feature_noise > 0.0) {
      info_.mechanism +=
          fmt::format("\nwith probability {} every number of x has N(0, 1) added", feature_noise_);
    }
    info_.deviations =
        "Noise is drawn row by row, in every domain, where SpuCo deals out exact shares in "
        "training only; hues are exact where SpuCo reads a colour map; feature noise is added to "
        "the finished picture, "
        "where SpuCo blanks pixels of the digit; ceilings count class and "
        "cue as readable without error.";
    if (options.cue != "background") info_.deviations += " SpuCo's cue is a background.";
    if (options.source != "mnist") info_.deviations += " SpuCo's images are MNIST's.";
  }

  std::string cue_;
  double feature_noise_;
  Patch patch_{};
  std::vector<std::array<float, 3>> hues_;
  std::vector<environments::Blur> blurs_;
  std::vector<environments::Rotation> rotations_;
};

}  // namespace

void register_cue_images(Catalog& catalog);
void register_cue_images(Catalog& catalog) {
  catalog.environments.add<CueImages>(
      "cue_images",
      "Images of several classes; background, colour, blur or rotation correlates with the class.",
      "after Joshi et al. 2023, arXiv:2306.11957");
}

}  // namespace spurion::environments
