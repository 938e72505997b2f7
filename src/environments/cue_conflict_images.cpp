#include <fmt/format.h>

#include <array>
#include <cmath>

#include "environments/shared/images/cued_images.hpp"
#include "environments/shared/images/image_transforms.hpp"
#include "environments/shared/numerics/quadrature.hpp"

namespace spurion::environments {
namespace {

using environments::CuedImages;
using environments::CuedImagesOptions;
using environments::kImageSide;
using environments::kPi;

struct CueConflictImagesOptions : CuedImagesOptions {
  CueConflictImagesOptions() {
    train_shifts = {0.0};
    test_shift = 1.0;
  }
  std::string cue = "texture";
};

/// Each class has a shape and a texture. In training they always agree, so that nothing says which
/// of them the label is; in the test domain every picture shows the shape of one class in the
/// texture of another. See datasets/cue_conflict_images.md.
class CueConflictImages final : public CuedImages {
 public:
  using Options = CueConflictImagesOptions;

  static const Schema<Options>& schema() {
    static const auto schema =
        Schema<Options>()
            .include(CuedImagesOptions::schema())
            .field("cue", &Options::cue,
                   "Cue of a class: stripes of one direction, a colour, or both.",
                   one_of({"texture", "colour", "both"}))
            .preset("easy", {{"train_shifts", Value::List{0.2, 0.1}}},
                    "some pictures of training conflict")
            .preset("medium", {})
            .preset("hard", {{"cue", "both"}});
    return schema;
  }

  CueConflictImages(const Options& options, const EnvironmentContext& context)
      : CuedImages(options,
                   {"cue_conflict_images", options.cue == "both" ? "texture" : options.cue,
                    doc_of(options.cue), options.cue == "texture" ? 1 : 3},
                   context),
        striped_(options.cue != "colour"),
        coloured_(options.cue != "texture") {
    const auto count = static_cast<double>(classes());
    for (int value = 0; value < classes(); ++value) {
      hues_.push_back(environments::hue_colour(static_cast<double>(value) / count));
      stripes_.push_back(waves(kPi * static_cast<double>(value) / count));
    }
    describe(options, context.sources->image_source(options.source).title);
  }

 protected:
  void paint(const std::uint8_t* image, int cue, const RandomKey& key, std::int64_t row,
             float* planes) const override {
    const std::int64_t area = side() * side();
    const auto value = static_cast<std::size_t>(cue);
    environments::copy_image(image, side(), planes);
    for (std::int64_t i = 0; i < area; ++i) planes[i] = kGround + (1.0F - kGround) * planes[i];
    if (striped_) {
      const double phase = 2.0 * kPi * RandomStream(key.child("phase")).uniform(row);
      const auto cosine = static_cast<float>(std::cos(phase));
      const auto sine = static_cast<float>(std::sin(phase));
      const Waves& waves = stripes_[value];
      for (std::int64_t i = 0; i < area; ++i) {
        const auto at = static_cast<std::size_t>(i);
        const float wave = waves.sine[at] * cosine + waves.cosine[at] * sine;
        planes[i] *= 1.0F - kDepth * (0.5F + 0.5F * wave);
      }
    }
    if (!coloured_) return;
    for (std::size_t channel = 3; channel-- > 0;) {
      float* plane = planes + static_cast<std::int64_t>(channel) * area;
      const float paint = kPale + (1.0F - kPale) * hues_[value][channel];
      for (std::int64_t i = 0; i < area; ++i) plane[i] = planes[i] * paint;
    }
  }

 private:
  static constexpr double kWavelength = 6.0;  // in pixels of the 28 x 28 picture
  static constexpr float kGround = 0.35F;     // brightness of what is black in the image
  static constexpr float kDepth = 0.7F;       // how much darker the dark stripes are
  static constexpr float kPale = 0.2F;        // least brightness of a channel of a colour

  /// Sine and cosine of the place along a direction, for each pixel; a phase mixes the two.
  struct Waves {
    std::vector<float> sine;
    std::vector<float> cosine;
  };

  [[nodiscard]] Waves waves(double direction) const {
    Waves made;
    const std::int64_t step = kImageSide / side();
    for (std::int64_t y = 0; y < side(); ++y) {
      for (std::int64_t x = 0; x < side(); ++x) {
        const double along = std::cos(direction) * static_cast<double>(x * step) +
                             std::sin(direction) * static_cast<double>(y * step);
        const double angle = 2.0 * kPi * along / kWavelength;
        made.sine.push_back(static_cast<float>(std::sin(angle)));
        made.cosine.push_back(static_cast<float>(std::cos(angle)));
      }
    }
    return made;
  }

  static const char* doc_of(const std::string& cue) {
    if (cue == "texture") return "stripes whose direction is 180 v / C degrees";
    if (cue == "colour") return "hue v / C of the whole picture";
    return "stripes whose direction is 180 v / C degrees, in hue v / C";
  }

  void describe(const Options& options, const std::string& images) {
    info_.title = fmt::format("Cue conflict on {}", images);
    info_.citation = "after Geirhos et al. 2019, arXiv:1811.12231";
    std::string painting = "x = (0.35 + 0.65 image / 255)";
    if (striped_) painting += " * stripes(direction of the cue, random phase)";
    if (coloured_) painting += " * colour(hue of the cue)";
    info_.mechanism = environments::cued_images_mechanism(options, info_.cue, false, painting);
    info_.deviations =
        "The source paints photographs in the style of others and scores networks trained on "
        "ImageNet; here a class's texture is stripes of a direction or a hue, and training shows "
        "it. Ceilings count shape and cue as readable without error.";
  }

  bool striped_;
  bool coloured_;
  std::vector<std::array<float, 3>> hues_;
  std::vector<Waves> stripes_;
};

}  // namespace

void register_cue_conflict_images(Catalog& catalog);
void register_cue_conflict_images(Catalog& catalog) {
  catalog.environments.add<CueConflictImages>(
      "cue_conflict_images",
      "The shape of one class in the texture or colour of another, which always agreed before.",
      "after Geirhos et al. 2019, arXiv:1811.12231");
}

}  // namespace spurion::environments
