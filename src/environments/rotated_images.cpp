#include <fmt/format.h>

#include <memory>

#include "environments/shared/images/image_transforms.hpp"
#include "environments/shared/images/shifted_images.hpp"
#include "spurion/schema.hpp"

namespace spurion::environments {
namespace {

using environments::Painter;
using environments::ShiftedImages;

constexpr double kMostTurned = 90.0;

struct RotatedImagesOptions {
  std::string source = "fashion_mnist";
  std::int64_t resolution = 14;
  std::string classes = "all";
  double label_noise = 0.0;
  std::vector<double> angles = {0, 15, 30, 45, 60};
  double test_angle = 75;
  std::string protocol = "domainbed";
};

/// RotatedMNIST of DomainBed over any source of images: a domain is an angle by which all its
/// pictures are turned. Nothing correlates with the label. See datasets/rotated_images.md.
class RotatedImages final : public ShiftedImages {
 public:
  using Options = RotatedImagesOptions;

  static const Schema<Options>& schema() {
    using O = Options;
    static const auto schema =
        Schema<O>()
            .field("source", &O::source,
                   "Source of the images. glyphs are generated and need no download.")
            .data_source()
            .field("resolution", &O::resolution,
                   "Side of the image in pixels: 28 (as in DomainBed), or 14 (every second pixel).",
                   between(14, 28))
            .field("classes", &O::classes,
                   "How the ten classes of the source form the classes of the task: halves, pairs "
                   "or all.",
                   one_of(environments::ClassGrouping::words()))
            .field("label_noise", &O::label_noise, "P(label differs from the class of the image).",
                   between(0, 1))
            .field("angles", &O::angles, "Angle of each train domain, in degrees anti-clockwise.",
                   between(0, kMostTurned))
            .field("test_angle", &O::test_angle,
                   "Angle of the test domain, in degrees anti-clockwise.", between(0, kMostTurned))
            .field("protocol", &O::protocol,
                   "How images are split. irm: 50,000 images of the training file for training, "
                   "10,000 held out. domainbed: both files, an equal share for each domain, one "
                   "fifth of it held out.",
                   one_of({"irm", "domainbed"}))
            .preset("easy", {{"angles", Value::List{0, 15, 30, 60, 75}}, {"test_angle", 45}},
                    "the test angle lies between the others")
            .preset("medium", {})
            .preset("hard", {{"angles", Value::List{0, 15, 30}}, {"test_angle", 90}});
    return schema;
  }

  RotatedImages(const Options& options, const EnvironmentContext& context)
      : ShiftedImages({"rotated_images",
                       "angle",
                       "rotation of the image, in degrees",
                       options.source,
                       options.resolution,
                       options.classes,
                       options.protocol,
                       options.label_noise,
                       options.angles,
                       options.test_angle,
                       kMostTurned,
                       {0, 15, 30, 45, 60, 75, 90}},
                      context) {
    info_.title = fmt::format("Rotated {}", context.sources->image_source(options.source).title);
    info_.citation =
        "Ghifary et al. 2015, arXiv:1508.07680; as in Gulrajani, Lopez-Paz 2021, arXiv:2007.01434";
    info_.mechanism = fmt::format(
        "shape = {}\n"
        "label = shape, with probability n = {} another class, evenly\n"
        "angle = a of the domain, for all its rows\n"
        "x = image turned by the angle, anti-clockwise, / 255",
        environments::ClassGrouping(options.classes).text(), options.label_noise);
    info_.deviations =
        "Scores are taken on the 20 % held-out images of a domain, not on the 80 % of the test "
        "domain; ceilings count the shape as readable without error at any angle.";
    if (options.resolution != environments::kImageSide) {
      info_.deviations += " DomainBed's pictures have 28 x 28 pixels.";
    }
    if (options.source != "mnist") info_.deviations += " DomainBed's images are MNIST's.";
  }

 protected:
  [[nodiscard]] Painter painter(double value, std::int64_t side) const override {
    const auto rotation = std::make_shared<const environments::Rotation>(value, side);
    return [rotation](const std::uint8_t* image, float* out) { rotation->apply(image, out); };
  }
};

}  // namespace

void register_rotated_images(Catalog& catalog);
void register_rotated_images(Catalog& catalog) {
  catalog.environments.add<RotatedImages>(
      "rotated_images", "Images rotated by the angle of their domain: covariate shift.",
      "Gulrajani, Lopez-Paz 2021, arXiv:2007.01434");
}

}  // namespace spurion::environments
