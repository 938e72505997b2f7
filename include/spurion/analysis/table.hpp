#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "spurion/analysis/statistics.hpp"
#include "spurion/export.hpp"

/// \file
/// Tables of typed cells. Whoever renders one decides how a cell looks: pages and terminals show
/// rounded text, files hold every digit in columns of numbers.

namespace spurion::analysis {

/// What the cells of a column hold. A cell of any kind may be `Missing`.
enum class ColumnKind {
  text,
  count,     ///< a whole number
  number,    ///< a number, whole or not
  estimate,  ///< a mean with its interval; in files value, low, high and seeds
  spread     ///< a mean with a standard deviation; in files both
};

/// A column of a table.
struct Column {
  std::string title;                   ///< what people read
  ColumnKind kind = ColumnKind::text;  ///< what its cells hold
  std::string key = {};                ///< name of the column in files; empty: made of the title
};

/// Not measured, or without a meaning here: people see "-", files have an empty field.
using Missing = std::monostate;

/// How people see a number.
enum class Notation {
  shortest,      ///< as many digits as it has
  fixed,         ///< so many digits after the point
  signed_fixed,  ///< the same, with its sign
  significant,   ///< so many digits in all
  probability    ///< fixed, but "< .0001" for what is smaller
};

/// A number and how people see it.
struct Number {
  double value = 0.0;                      ///< the number
  Notation notation = Notation::shortest;  ///< how people see it
  int digits = 3;                          ///< digits that people see, as `notation` counts them
};

/// Mean with interval. Of one seed people see "(one seed)" instead of an interval; an estimate of
/// no values is as if missing.
struct Interval {
  /// A mean with its interval and the digits that people see.
  Interval(const Estimate& of, int shown = 3)  // NOLINT(google-explicit-constructor)
      : estimate(of), digits(shown) {}
  Estimate estimate;  ///< the mean with its interval
  int digits;         ///< digits after the point that people see
};

/// Mean and standard deviation, as papers print them.
struct Spread {
  double mean = 0.0;       ///< the mean
  double deviation = 0.0;  ///< the standard deviation, with divisor n
  int digits = 4;          ///< digits after the point that people see
};

/// One cell of a table.
using Cell = std::variant<Missing, std::string, std::int64_t, Number, Interval, Spread>;

/// A table, row by row.
struct Table {
  std::string name;                          ///< file name of its CSV
  std::string caption;                       ///< says what the numbers and the intervals are
  std::vector<Column> columns;               ///< from left to right
  std::vector<std::vector<Cell>> rows = {};  ///< [row][column]
  /// Rows for programs, such as one for each trial: a CSV file holds them, pages and terminals do
  /// not.
  bool file_only = false;

  /// Adds a row. Throws `LogicError` unless it has one cell a column, each of the column's kind.
  SPURION_API void add(std::vector<Cell> row);
  /// The first column of that title. Throws `LogicError` when there is none.
  [[nodiscard]] SPURION_API std::size_t column(const std::string& title) const;
  /// The cell of a row in the first column of that title.
  [[nodiscard]] SPURION_API const Cell& cell(std::size_t row, const std::string& title) const;
  /// Replaces that cell. Throws `LogicError` when the new one is of another kind than the column.
  SPURION_API void set(std::size_t row, const std::string& title, Cell cell);
};

/// A cell as people see it: "0.123 [0.100, 0.200]", "-".
SPURION_API std::string text_of(const Cell& cell);

}  // namespace spurion::analysis
