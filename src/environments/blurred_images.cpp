#include <fmt/format.h>

#include <memory>

#include "environments/shared/images/image_transforms.hpp"
#include "environments/shared/images/shifted_images.hpp"
#include "spurion/schema.hpp"

namespace spurion::environments {
namespace {

using environments::Blur;
using environments::Painter;
using environments::ShiftedImages;

struct BlurredImagesOptions {
  std::string source = "fashion_mnist";
  std::int64_t resolution = 14;
  std::string classes = "all";
  double label_noise = 0.0;
  std::vector<double> blurs = {0.0, 0.5, 1.0};
  double test_blur = 2.0;
  std::string protocol = "irm";
};

/// A domain is a camera: how sharp all its pictures are. Nothing correlates with the label; what
/// a predictor reads of the shape must survive the blur. See datasets/blurred_images.md.
class BlurredImages final : public ShiftedImages {
 public:
  using Options = BlurredImagesOptions;

  static const Schema<Options>& schema() {
    using O = Options;
    static const auto schema =
        Schema<O>()
            .field("source", &O::source,
                   "Source of the images. glyphs are generated and need no download.")
            .data_source()
            .field("resolution", &O::resolution,
                   "Side of the image in pixels: 28, or 14 (every second pixel).", between(14, 28))
            .field("classes", &O::classes,
                   "How the ten classes of the source form the classes of the task: halves, pairs "
                   "or all.",
                   one_of(environments::ClassGrouping::words()))
            .field("label_noise", &O::label_noise, "P(label differs from the class of the image).",
                   between(0, 1))
            .field("blurs", &O::blurs,
                   "Standard deviation of the blur in each train domain, in pixels of the 28 x 28 "
                   "image.",
                   between(0, Blur::kMaxSigma))
            .field("test_blur", &O::test_blur, "Standard deviation of the blur in the test domain.",
                   between(0, Blur::kMaxSigma))
            .field("protocol", &O::protocol,
                   "How images are split. irm: 50,000 images of the training file for training, "
                   "10,000 held out. domainbed: both files, an equal share for each domain, one "
                   "fifth of it held out.",
                   one_of({"irm", "domainbed"}))
            .preset("easy", {{"test_blur", 1.5}})
            .preset("medium", {})
            .preset("hard", {{"blurs", Value::List{0.0, 0.3}}, {"test_blur", 2.5}});
    return schema;
  }

  BlurredImages(const Options& options, const EnvironmentContext& context)
      : ShiftedImages({"blurred_images",
                       "blur",
                       "standard deviation of the blur, in pixels",
                       options.source,
                       options.resolution,
                       options.classes,
                       options.protocol,
                       options.label_noise,
                       options.blurs,
                       options.test_blur,
                       Blur::kMaxSigma,
                       {0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0}},
                      context) {
    info_.title = fmt::format("Blurred {}", context.sources->image_source(options.source).title);
    info_.citation =
        "spurion; blur as a severity of corruption after Hendrycks, Dietterich 2019, "
        "arXiv:1903.12261";
    info_.mechanism = fmt::format(
        "shape = {}\n"
        "label = shape, with probability n = {} another class, evenly\n"
        "blur = s of the domain, for all its rows\n"
        "x = image convolved with a Gaussian of standard deviation s, / 255",
        environments::ClassGrouping(options.classes).text(), options.label_noise);
    info_.deviations =
        "The source blurs photographs by defocus and motion. Ceilings count the shape as readable "
        "without error at any blur: upper bounds where it is strong.";
  }

 protected:
  [[nodiscard]] Painter painter(double value, std::int64_t side) const override {
    const Blur blur(value, side);
    return [blur](const std::uint8_t* image, float* out) { blur.apply(image, out); };
  }
};

}  // namespace

void register_blurred_images(Catalog& catalog);
void register_blurred_images(Catalog& catalog) {
  catalog.environments.add<BlurredImages>("blurred_images",
                                          "Images with the blur of their domain: covariate shift.",
                                          "after Hendrycks, Dietterich 2019, arXiv:1903.12261");
}

}  // namespace spurion::environments
