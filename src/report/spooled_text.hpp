#pragma once

#include <cstdio>
#include <filesystem>
#include <memory>
#include <ostream>
#include <string>
#include <utility>

#include "spurion/export.hpp"

namespace spurion::report {

/// Text that is made before its place in a file is known, and that may be larger than the memory:
/// it lies in a file without a name, which goes away with it. Every failure is a `StoreError`.
class SPURION_API SpooledText {
 public:
  /// `folder`: of the file; it must be there once a text is added.
  explicit SpooledText(std::filesystem::path folder) : folder_(std::move(folder)) {}
  SpooledText(const SpooledText&) = delete;
  SpooledText& operator=(const SpooledText&) = delete;

  void add(const std::string& text);
  /// All of it, in order.
  void write_to(std::ostream& out);

 private:
  struct Closer {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  [[noreturn]] void refuse() const;

  std::filesystem::path folder_;
  std::unique_ptr<std::FILE, Closer> file_;  ///< null: nothing was added
};

}  // namespace spurion::report
