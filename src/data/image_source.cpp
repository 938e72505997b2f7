#include "spurion/image_source.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "core/counted.hpp"
#include "data/data_directory.hpp"
#include "data/idx.hpp"
#include "spurion/error.hpp"

namespace spurion {
namespace {

namespace fs = std::filesystem;

/// "60,000".
std::string with_commas(std::int64_t number) {
  std::string text = fmt::format("{}", number);
  for (std::size_t place = text.size(); place > 3;) {
    place -= 3;
    text.insert(place, ",");
  }
  return text;
}

/// What is wrong with the images of a source; empty where nothing is.
std::string image_defect(const ImagePool& pool, const ImageSourceInfo& info, bool training_file) {
  if (pool.rows != info.rows || pool.columns != info.columns) {
    return fmt::format("images are {} x {}, expected {} x {}", pool.rows, pool.columns, info.rows,
                       info.columns);
  }
  const std::int64_t expected = training_file ? info.training_images : info.test_images;
  if (pool.count != expected) {
    return fmt::format("it has {}, expected {}", core::counted(pool.count, "image"), expected);
  }
  const auto pixels = static_cast<std::int64_t>(pool.pixels.size());
  if (pixels == pool.count * pool.rows * pool.columns) return {};
  return fmt::format("there are {} pixels, expected {}", pixels,
                     pool.count * pool.rows * pool.columns);
}

/// What is wrong with the labels of a source; empty where nothing is.
std::string label_defect(const ImagePool& pool, const ImageSourceInfo& info) {
  const auto labels = static_cast<std::int64_t>(pool.labels.size());
  if (labels != pool.count) {
    return fmt::format("it has {}, expected {}", core::counted(labels, "label"), pool.count);
  }
  const auto wrong = std::find_if(pool.labels.begin(), pool.labels.end(),
                                  [&](std::uint8_t label) { return label >= info.classes; });
  if (wrong == pool.labels.end()) return {};
  return fmt::format("label {} of image {} is not in 0..{}", *wrong, wrong - pool.labels.begin(),
                     info.classes - 1);
}

}  // namespace

std::string ImageSourceInfo::text() const {
  return fmt::format("{} + {} images, {} x {}, {} classes", with_commas(training_images),
                     with_commas(test_images), rows, columns, classes);
}

IdxImageSource::IdxImageSource(ImageSourceInfo info, const Checksums& checksums)
    : info_(std::move(info)) {
  // An IDX file is its sizes in words of four bytes, the first of them a type, and its content.
  constexpr std::int64_t kWord = 4;
  const auto add = [&](const char* name, std::int64_t bytes, const std::string& sha256) {
    info_.files.push_back({name, static_cast<std::uint64_t>(bytes), sha256});
  };
  const std::int64_t pixels = info_.rows * info_.columns;
  add("train-images-idx3-ubyte", 4 * kWord + info_.training_images * pixels,
      checksums.training_images);
  add("train-labels-idx1-ubyte", 2 * kWord + info_.training_images, checksums.training_labels);
  add("t10k-images-idx3-ubyte", 4 * kWord + info_.test_images * pixels, checksums.test_images);
  add("t10k-labels-idx1-ubyte", 2 * kWord + info_.test_images, checksums.test_labels);
}

ImagePool IdxImageSource::load(const fs::path& folder, bool training_file) const {
  const std::size_t first = training_file ? 0 : 2;
  const fs::path image_file = data::idx_path(folder, info_.files[first].name);
  const fs::path label_file = data::idx_path(folder, info_.files[first + 1].name);
  data::IdxImages images = data::read_idx_images(image_file);
  data::IdxLabels labels = data::read_idx_labels(label_file);
  ImagePool pool;
  pool.count = images.count;
  pool.rows = images.rows;
  pool.columns = images.columns;
  pool.pixels = std::move(images.pixels);
  pool.labels = std::move(labels.labels);
  if (const std::string wrong = image_defect(pool, info_, training_file); !wrong.empty()) {
    throw DataError(fmt::format("{}: {}", image_file.string(), wrong));
  }
  if (const std::string wrong = label_defect(pool, info_); !wrong.empty()) {
    throw DataError(fmt::format("{}: {}", label_file.string(), wrong));
  }
  return pool;
}

DataSources::DataSources(ImageSources sources, fs::path directory)
    : sources_(std::move(sources)),
      directory_(directory.empty() ? data::data_directory() : std::move(directory)) {}

DataSources::~DataSources() = default;

const ImageSource& DataSources::made(const std::string& source) const {
  const std::lock_guard<std::mutex> lock(mutex_);
  std::shared_ptr<const ImageSource>& held = made_[source];
  if (held == nullptr) held = sources_.at(source).make({Value()});
  return *held;
}

const ImageSourceInfo& DataSources::image_source(const std::string& source) const {
  return made(source).info();
}

std::shared_ptr<const ImagePool> DataSources::images(const std::string& source,
                                                     bool training_file) const {
  const ImageSource& from = made(source);
  const auto load = [&] {
    const data::SourceStatus status = data::source_status(source, from.info(), directory_);
    if (!status.installed) {
      throw DataError(fmt::format("image source '{}' is not installed: {} in {}{}", source,
                                  status.detail, status.folder.string(),
                                  status.install_command.empty()
                                      ? std::string()
                                      : "; install it with: " + status.install_command));
    }
    ImagePool pool = from.load(status.folder, training_file);
    std::string wrong = image_defect(pool, from.info(), training_file);
    if (wrong.empty()) wrong = label_defect(pool, from.info());
    if (!wrong.empty()) {
      throw DataError(fmt::format("the {} images of source '{}' are not what it says: {}",
                                  training_file ? "training" : "test", source, wrong));
    }
    return pool;
  };
  return once<ImagePool>(fmt::format("images/{}/{}", source, training_file ? "train" : "test"),
                         load);
}

}  // namespace spurion
