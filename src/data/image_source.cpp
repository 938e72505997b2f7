#include "spurion/image_source.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "data/data_directory.hpp"
#include "data/glyphs.hpp"
#include "data/idx.hpp"
#include "spurion/error.hpp"

namespace spurion {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kSide = 28;
constexpr int kClasses = 10;

/// Reads one file pair of an installed source and holds it to what every user of a pool relies on.
ImagePool read_pool(const fs::path& folder, bool training_file) {
  const std::string stem = training_file ? "train" : "t10k";
  const fs::path image_file = data::idx_path(folder, stem + "-images-idx3-ubyte");
  const fs::path label_file = data::idx_path(folder, stem + "-labels-idx1-ubyte");
  data::IdxImages images = data::read_idx_images(image_file);
  data::IdxLabels labels = data::read_idx_labels(label_file);
  if (images.rows != kSide || images.columns != kSide) {
    throw DataError(fmt::format("{}: images are {} x {}, expected {} x {}", image_file.string(),
                                images.rows, images.columns, kSide, kSide));
  }
  if (images.count != static_cast<std::int64_t>(labels.labels.size())) {
    throw DataError(fmt::format("{} has {} images but {} has {} labels", image_file.string(),
                                images.count, label_file.string(), labels.labels.size()));
  }
  const auto wrong = std::find_if(labels.labels.begin(), labels.labels.end(),
                                  [](std::uint8_t label) { return label >= kClasses; });
  if (wrong != labels.labels.end()) {
    throw DataError(fmt::format("{}: label {} of image {} is not in 0..{}", label_file.string(),
                                *wrong, wrong - labels.labels.begin(), kClasses - 1));
  }
  ImagePool pool;
  pool.count = images.count;
  pool.pixels = std::move(images.pixels);
  pool.labels = std::move(labels.labels);
  return pool;
}

ImagePool load(const std::string& source, bool training_file, const fs::path& directory) {
  const data::SourceStatus status = data::source_status(source, directory);
  if (status.folder.empty()) {
    return data::draw_glyphs(training_file,
                             training_file ? data::kGlyphsInTrainingFile : data::kGlyphsInTestFile);
  }
  if (!status.installed) {
    throw DataError(fmt::format("image source '{}' is not installed: {} in {}; install it with: {}",
                                source, status.detail, status.folder.string(),
                                status.install_command));
  }
  return read_pool(status.folder, training_file);
}

}  // namespace

DataSources::DataSources(fs::path directory)
    : directory_(directory.empty() ? data::data_directory() : std::move(directory)) {}

DataSources::~DataSources() = default;

std::shared_ptr<const ImagePool> DataSources::images(const std::string& source,
                                                     bool training_file) const {
  return once<ImagePool>(fmt::format("images/{}/{}", source, training_file ? "train" : "test"),
                         [&] { return load(source, training_file, directory_); });
}

}  // namespace spurion
