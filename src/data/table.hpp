#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <unordered_map>
#include <vector>

#include "data/array.hpp"

/// \file
/// A file of rows and named columns, whatever its format: CSV, NPY or NPZ. The content decides, not
/// the name; but what is called .npy or .npz and is neither is not read as CSV.

namespace spurion::data {

struct SPURION_API Column {
  std::string name;
  /// Finite; empty when some field is no number, or a whole number that a double does not hold.
  std::vector<double> numbers;
  std::vector<std::string> words;  ///< the fields as they are, then
  std::string first_word;          ///< what a reader of numbers is told, then
};

class SPURION_API Table {
 public:
  /// `place` is how errors call it: "'x.csv'". `lines` holds the line of each row, if it has lines.
  Table(std::string place, std::vector<Column> columns, std::vector<std::int64_t> lines,
        bool exported = false);

  [[nodiscard]] const std::string& place() const { return place_; }
  /// "'x.csv':12" or "'x.npz', row 10".
  [[nodiscard]] std::string place(std::int64_t row) const;
  [[nodiscard]] std::int64_t rows() const { return rows_; }
  /// Whether `spurion export` wrote it: inputs are called "x" or "x_0" ... then, and columns beside
  /// them tell the label or belong to other rows.
  [[nodiscard]] bool exported() const { return exported_; }
  [[nodiscard]] const std::vector<Column>& columns() const { return columns_; }
  [[nodiscard]] std::vector<std::string> names() const;
  /// Null when there is none of this name.
  [[nodiscard]] const Column* find(const std::string& name) const;
  /// Throws a `DataError` with the nearest name.
  [[nodiscard]] const Column& at(const std::string& name) const;
  /// The numbers of a column; throws a `DataError` when some field of it is none.
  [[nodiscard]] const std::vector<double>& numbers(const std::string& name) const;

 private:
  std::string place_;
  std::vector<Column> columns_;
  std::unordered_map<std::string, std::size_t> index_;  // of columns, by name
  std::vector<std::int64_t> lines_;
  std::int64_t rows_ = 0;
  bool exported_ = false;
};

/// CSV: the columns of the header. NPY: one array [rows, columns], whose columns are called "0",
/// "1" ... NPZ: arrays [rows] and [rows, columns]; those of an array "x" with more than one column
/// are "x_0", "x_1" ...; what `spurion export` wrote about itself ("metadata") is passed over.
/// Throws `DataError`: what the readers refuse, no rows, no columns, arrays of different lengths or
/// of more dimensions, numbers that are not finite, more than the memory that is free.
SPURION_API Table read_table(const std::filesystem::path& file);

/// The file of this name, or the one that came with spurion when there is none.
SPURION_API std::filesystem::path find_data_file(const std::string& name);

}  // namespace spurion::data
