#include "data/glyphs.hpp"

#include "spurion/image_source.hpp"

namespace spurion::image_sources {
namespace {

/// Drawn digits, which need no download.
class Glyphs final : public ImageSource {
 public:
  struct Options {};
  static const Schema<Options>& schema() {
    static const Schema<Options> schema;
    return schema;
  }
  explicit Glyphs(const Options& /*options*/) { info_.title = "glyphs"; }
  [[nodiscard]] const ImageSourceInfo& info() const override { return info_; }
  [[nodiscard]] ImagePool load(const std::filesystem::path& /*folder*/,
                               bool training_file) const override {
    return data::draw_glyphs(training_file,
                             training_file ? info_.training_images : info_.test_images);
  }

 private:
  ImageSourceInfo info_;
};

}  // namespace

void register_glyphs(ImageSources& sources);
void register_glyphs(ImageSources& sources) {
  sources.add<Glyphs>("glyphs", "Drawn digits, 10 classes: nothing to install.",
                      "pen strokes, bent, sheared, turned and scaled at random");
}

}  // namespace spurion::image_sources
