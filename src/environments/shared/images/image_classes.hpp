#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "environments/shared/images/image_split.hpp"
#include "spurion/image_source.hpp"

namespace spurion::environments {

/// The side of the images that these environments show.
constexpr std::int64_t kImageSide = 28;
constexpr std::int64_t kImagePixels = kImageSide * kImageSide;
/// The variable of an image that causes its label.
inline constexpr const char* kShape = "shape";

/// The ten classes of a source's images as a task's fewer: "halves" (below 5 or not, as coloured
/// MNIST), "pairs" ({0, 1}, {2, 3} ..., as SpuCoMNIST) or "all".
class ClassGrouping {
 public:
  /// `word` is one of `words()`.
  explicit ClassGrouping(const std::string& word);
  static std::vector<std::string> words() { return {"halves", "pairs", "all"}; }
  [[nodiscard]] int count() const { return count_; }
  [[nodiscard]] int of(int image_class) const;
  /// "{0, 1}, {2, 3}, ...".
  [[nodiscard]] std::string text() const;

 private:
  int count_;
};

/// How images are dealt out.
struct ImageDeal {
  ClassGrouping grouping;
  ImageProtocol protocol;
  std::int64_t train_domains;
};

/// The images of a source with the class each has in the task, dealt out to domains and splits.
class ImageClasses {
 public:
  /// `sources`: those of the environment's context. Throws `LogicError` when there are none (null),
  /// `DataError` when the images are missing.
  ImageClasses(const std::shared_ptr<const DataSources>& sources, const std::string& source,
               const ImageDeal& deal, const RandomKey& key);

  [[nodiscard]] int count() const { return grouping_.count(); }
  /// What people call the source: "Fashion-MNIST".
  [[nodiscard]] const std::string& title() const { return title_; }
  [[nodiscard]] double bytes() const { return split_.bytes(); }
  /// The images of one domain: `train_domain` as in `ImageSplit::rows`.
  [[nodiscard]] ImageRows rows(std::int64_t train_domain, const std::string& key,
                               Split split) const {
    return split_.rows(train_domain, key, split);
  }
  [[nodiscard]] int of(std::int64_t image) const;
  [[nodiscard]] const std::uint8_t* pixels(std::int64_t image) const;
  /// An image of the wanted class from `images`, drawn by the row's own stream.
  [[nodiscard]] std::int64_t drawn(int wanted, const ImageRows& images, const RandomStream& stream,
                                   std::int64_t row) const;

 private:
  ClassGrouping grouping_;
  ImageSplit split_;
  std::string source_;
  std::string title_;
  std::shared_ptr<const ImagePool> training_file_;
  std::shared_ptr<const ImagePool> test_file_;  ///< null unless the split uses it
};

/// What is known about a source whose images these environments can show. Throws `UsageError` where
/// they have another size or number of classes.
const ImageSourceInfo& shown_source(const DataSources& sources, const std::string& source);
/// Throws `UsageError` unless it is 14 or 28.
void check_resolution(std::int64_t resolution, const std::string& world);

}  // namespace spurion::environments
