#pragma once

#include <string>
#include <vector>

#include "spurion/analysis/answer.hpp"
#include "spurion/export.hpp"

namespace spurion::report {

// Every number has the digits that read back to it; what is not known is an empty field. Names of
// columns are lower case, without spaces.

/// A column of a table's file.
struct CsvColumn {
  std::string name;
  std::string title;   ///< of the table's column that it is of
  std::string ending;  ///< "_low", "_high", "_seeds", "_deviation" or nothing
};
/// An estimate NAME makes the columns NAME, NAME_low, NAME_high and NAME_seeds, a mean with
/// standard deviation NAME and NAME_deviation.
std::vector<CsvColumn> csv_columns(const analysis::Table& table);

/// The lines of a table without the names of the columns; `first`: a field before each, or none.
std::string csv_rows(const analysis::Table& table, const std::string& first = {});
SPURION_API std::string csv_of(const analysis::Table& table);
/// A line a point: series, x, value, low, high, seeds, trials.
std::string csv_rows(const analysis::Chart& chart, const std::string& first = {});
std::vector<std::string> chart_columns();
SPURION_API std::string csv_of(const analysis::Chart& chart);

}  // namespace spurion::report
