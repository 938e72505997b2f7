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

namespace spurion {

/// Greyscale images 28 x 28 with a class 0..9, in file order. Immutable once loaded.
struct ImagePool {
  std::int64_t count = 0;            ///< images in the pool
  std::int64_t rows = 28;            ///< pixels from top to bottom
  std::int64_t columns = 28;         ///< pixels from left to right
  std::vector<std::uint8_t> pixels;  ///< [count, rows, columns]
  std::vector<std::uint8_t> labels;  ///< [count]
};

/// Where data come from, and a cache so that many environments share one copy. Thread-safe.
class SPURION_API DataSources {
 public:
  /// `directory`: where the installers put files; empty means the default of `data_directory()`.
  explicit DataSources(std::filesystem::path directory = {});
  ~DataSources();
  DataSources(const DataSources&) = delete;
  DataSources& operator=(const DataSources&) = delete;

  /// The training (60,000) or test (10,000) file of "mnist" or "fashion_mnist", or drawn "glyphs"
  /// (same sizes). Throws `DataError`, which names the command that installs what is missing.
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
  std::filesystem::path directory_;
  mutable std::mutex mutex_;
  mutable std::map<std::string, std::shared_ptr<const void>> loaded_;
};

}  // namespace spurion
