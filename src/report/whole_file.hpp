#pragma once

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "spurion/export.hpp"

namespace spurion::report {

/// Files that are written all or none: beside their places, and renamed once all are complete. What
/// is not kept goes away again, with the folders made for them. Every failure is a `StoreError`.
class SPURION_API WholeFiles {
 public:
  WholeFiles() = default;
  ~WholeFiles();
  WholeFiles(const WholeFiles&) = delete;
  WholeFiles& operator=(const WholeFiles&) = delete;

  /// Makes a folder where there is none.
  void make_folder(const std::filesystem::path& folder);
  /// Begins a file, and finishes the one before it.
  std::ostream& begin(const std::filesystem::path& path);
  void add(const std::filesystem::path& path, const std::string& bytes) { begin(path) << bytes; }
  /// Puts all in their places.
  void keep();

 private:
  void finish();

  std::ofstream file_;  ///< the one begun last
  std::vector<std::filesystem::path> paths_;
  std::vector<std::filesystem::path> folders_;  ///< made here
};

/// Writes a file whole or not at all: written beside and renamed. Throws `StoreError`.
SPURION_API void write_whole_file(const std::filesystem::path& path, const std::string& bytes);

}  // namespace spurion::report
