#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "spurion/export.hpp"

/// \file
/// Text for people.

namespace spurion::cli {

/// The environment variable COLUMNS where it is a number, else the columns of the terminal behind a
/// file descriptor; `otherwise` when it is none.
SPURION_API int terminal_columns(int descriptor, int otherwise);

/// "1 trial", "12 trials", "1,200 trials"
SPURION_API std::string count(std::int64_t number, const std::string& noun);
/// "8 s", "1 min 20 s", "2 h 5 min"
SPURION_API std::string duration(double seconds);
/// "12 MB", "3.4 GB" (powers of 1000)
SPURION_API std::string bytes(double number);
/// "3.1 TFLOP"
SPURION_API std::string flops(double number);

/// Breaks lines at spaces so that each fits `columns`, `indent` spaces before each.
SPURION_API std::string wrapped(const std::string& text, int columns, int indent);

/// A command line that a shell reads as these arguments.
SPURION_API std::string shell_line(const std::vector<std::string>& arguments);

/// A value as a suite would have it, strings without quotes.
class SPURION_API Table {
 public:
  explicit Table(std::vector<std::string> header) : rows_{std::move(header)} {}
  void add(std::vector<std::string> row) { rows_.push_back(std::move(row)); }
  /// Columns as wide as their widest cell, two spaces apart, `indent` spaces before each line; the
  /// last column is wrapped to end before `columns`.
  [[nodiscard]] std::string text(int indent, int columns) const;

 private:
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace spurion::cli
