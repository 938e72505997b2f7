#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "spurion/export.hpp"

/// \file
/// CSV as RFC 4180 has it: comma-separated fields, quoted where they hold commas, quotes or line
/// ends; the first line names the columns. Semicolons or tabs may stand for the commas: the first
/// line tells. Numbers have a decimal point whatever parts the fields.

namespace spurion::data {

/// The fields of a CSV file, as text, and where each stands.
class SPURION_API CsvTable {
 public:
  [[nodiscard]] const std::vector<std::string>& header() const { return header_; }
  [[nodiscard]] std::int64_t rows() const {
    return static_cast<std::int64_t>(cells_.size() / header_.size());
  }
  [[nodiscard]] std::int64_t columns() const { return static_cast<std::int64_t>(header_.size()); }

  [[nodiscard]] std::string_view text(std::int64_t row, std::int64_t column) const;
  /// Line of the file a row starts on, counted from 1.
  [[nodiscard]] std::int64_t line(std::int64_t row) const {
    return lines_[static_cast<std::size_t>(row)];
  }
  /// "'x.csv':12:7": line and byte of the line, counted from 1.
  [[nodiscard]] std::string place(std::int64_t row, std::int64_t column) const;
  /// The field as a number; nothing when it is none, not finite, or a whole number of more digits
  /// than a double holds.
  [[nodiscard]] std::optional<double> find_number(std::int64_t row, std::int64_t column) const;
  /// Likewise; throws a `DataError` with its place and what was expected.
  [[nodiscard]] double number(std::int64_t row, std::int64_t column) const;

 private:
  friend class CsvReader;
  struct Cell {
    std::size_t first;   // in content_
    std::uint32_t size;  // of the text
    std::uint32_t byte;  // of the line
  };
  [[nodiscard]] const Cell& cell(std::int64_t row, std::int64_t column) const {
    return cells_[static_cast<std::size_t>(row * columns() + column)];
  }

  std::string name_;
  std::string content_;  // texts of all fields, quotes taken off
  std::vector<std::string> header_;
  std::vector<Cell> cells_;
  std::vector<std::int64_t> lines_;
};

/// `name` is how errors call the text. Throws a `DataError` with line and byte: no header, a column
/// without or with another's name, commas beside semicolons in the header, a row with more or fewer
/// fields than the header, quotes out of place or open at the end, a NUL byte, numbers with a
/// decimal comma where semicolons or tabs part the fields. Empty lines at the end are passed over.
/// Memory is a small multiple of the text's.
SPURION_API CsvTable parse_csv(std::string_view text, const std::string& name);
SPURION_API CsvTable read_csv(const std::filesystem::path& file);

}  // namespace spurion::data
