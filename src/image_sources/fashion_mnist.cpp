#include "spurion/image_source.hpp"

namespace spurion::image_sources {
namespace {

/// Articles of clothing, in the format and the sizes of MNIST.
class FashionMnist final : public IdxImageSource {
 public:
  struct Options {};
  static const Schema<Options>& schema() {
    static const Schema<Options> schema;
    return schema;
  }
  explicit FashionMnist(const Options& /*options*/)
      : IdxImageSource(about(),
                       {"c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
                        "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
                        "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
                        "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34"}) {}

 private:
  static ImageSourceInfo about() {
    ImageSourceInfo info;
    info.title = "Fashion-MNIST";
    info.origin = "Debian's package dataset-fashion-mnist";
    info.install = "datasets/install.sh fashion_mnist";
    return info;
  }
};

}  // namespace

void register_fashion_mnist(ImageSources& sources);
void register_fashion_mnist(ImageSources& sources) {
  sources.add<FashionMnist>("fashion_mnist", "Articles of clothing, 10 classes.",
                            "Xiao, Rasul, Vollgraf 2017, arXiv:1708.07747");
}

}  // namespace spurion::image_sources
