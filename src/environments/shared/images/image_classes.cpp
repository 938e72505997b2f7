#include "environments/shared/images/image_classes.hpp"

#include <fmt/format.h>

#include "spurion/error.hpp"

namespace spurion::environments {

namespace {

constexpr int kSourceClasses = 10;

const DataSources& required(const std::shared_ptr<const DataSources>& sources,
                            const std::string& source) {
  if (sources == nullptr) {
    throw LogicError(fmt::format(
        "no images of '{}' can be had: the context of the environment has no sources", source));
  }
  return *sources;
}

ImageCounts counts_of(const ImageSourceInfo& info) {
  return {info.training_images, info.test_images};
}

}  // namespace

ClassGrouping::ClassGrouping(const std::string& word)
    : count_(word == "halves"  ? 2
             : word == "pairs" ? 5
                               : kSourceClasses) {}

int ClassGrouping::of(int image_class) const {
  // Coloured MNIST calls the lower half 1.
  return count_ == 2 ? (image_class < 5 ? 1 : 0) : image_class * count_ / kSourceClasses;
}

std::string ClassGrouping::text() const {
  if (count_ == 2) return "1 if the image's class is below 5, else 0";
  if (count_ == 5) return "the image's class, in pairs {0, 1}, {2, 3} ... {8, 9}";
  return "the image's class, 0..9";
}

ImageClasses::ImageClasses(const std::shared_ptr<const DataSources>& sources,
                           const std::string& source, const ImageDeal& deal, const RandomKey& key)
    : grouping_(deal.grouping),
      split_(deal.protocol, counts_of(shown_source(required(sources, source), source)), key,
             deal.train_domains),
      source_(source),
      title_(sources->image_source(source).title) {
  training_file_ = sources->images(source, true);
  if (deal.protocol == ImageProtocol::domainbed) test_file_ = sources->images(source, false);
}

int ImageClasses::of(std::int64_t image) const {
  const bool training = image < split_.training_file();
  const ImagePool& file = training ? *training_file_ : *test_file_;
  const std::int64_t index = training ? image : image - split_.training_file();
  return grouping_.of(file.labels[static_cast<std::size_t>(index)]);
}

const std::uint8_t* ImageClasses::pixels(std::int64_t image) const {
  if (image < split_.training_file()) {
    return training_file_->pixels.data() + image * kImagePixels;
  }
  return test_file_->pixels.data() + (image - split_.training_file()) * kImagePixels;
}

std::int64_t ImageClasses::drawn(int wanted, const ImageRows& images, const RandomStream& stream,
                                 std::int64_t row) const {
  constexpr std::int64_t kTries = 10000;  // a class is a tenth of all images: ten tries on average
  for (std::int64_t attempt = 0; attempt < kTries; ++attempt) {
    const std::int64_t image = images[stream.below(images.count(), row, attempt)];
    if (of(image) == wanted) return image;
  }
  throw DataError(fmt::format("source '{}' has hardly any image of class {}", source_, wanted));
}

const ImageSourceInfo& shown_source(const DataSources& sources, const std::string& source) {
  const ImageSourceInfo& info = sources.image_source(source);
  if (info.rows != kImageSide || info.columns != kImageSide || info.classes != kSourceClasses) {
    throw UsageError(
        fmt::format("image source '{}' has {}; this environment shows images of {} x {} in {} "
                    "classes: use a source of that size (spurion list image_sources), or the "
                    "environment 'images' for files of any size",
                    source, info.text(), kImageSide, kImageSide, kSourceClasses));
  }
  return info;
}

void check_resolution(std::int64_t resolution, const std::string& world) {
  if (resolution != 14 && resolution != kImageSide) {
    throw UsageError(fmt::format("'resolution' of {} must be 14 or 28, got {}", world, resolution));
  }
}

}  // namespace spurion::environments
