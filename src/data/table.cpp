#include "data/table.hpp"

#include <fmt/format.h>

#include <cmath>
#include <map>

#include "data/csv.hpp"
#include "data/file_format.hpp"
#include "data/npy.hpp"
#include "data/npz.hpp"
#include "spurion/error.hpp"

namespace spurion::data {

namespace {

constexpr const char* kMetadata = "metadata";

Table from_csv(const std::filesystem::path& file) {
  const CsvTable csv = read_csv(file);
  std::vector<Column> columns;
  for (std::int64_t c = 0; c < csv.columns(); ++c) {
    Column column;
    column.name = csv.header()[static_cast<std::size_t>(c)];
    std::int64_t row = 0;
    while (row < csv.rows() && csv.is_number(row, c))
      column.numbers.push_back(csv.number(row++, c));
    if (row < csv.rows()) {
      column.numbers.clear();
      try {
        (void)csv.number(row, c);
      } catch (const DataError& error) {
        column.first_word = error.what();
      }
      for (row = 0; row < csv.rows(); ++row) column.words.emplace_back(csv.text(row, c));
    }
    columns.push_back(std::move(column));
  }
  std::vector<std::int64_t> lines;
  for (std::int64_t row = 0; row < csv.rows(); ++row) lines.push_back(csv.line(row));
  return {fmt::format("'{}'", file.string()), std::move(columns), std::move(lines)};
}

/// The columns of an array [rows] or [rows, columns].
void add_columns(const std::string& place, const std::string& name, const Array& array,
                 std::vector<Column>& columns) {
  if (array.shape.empty() || array.shape.size() > 2) {
    throw DataError(fmt::format("{}: expected an array [rows] or [rows, columns], found {}", place,
                                array.text()));
  }
  const std::int64_t rows = array.shape.front();
  if (rows == 0) throw DataError(fmt::format("{}: there are no rows", place));
  const std::int64_t width = array.shape.size() == 2 ? array.shape.back() : 1;
  const std::string prefix = name.empty() ? "" : name + "_";
  for (std::int64_t c = 0; c < width; ++c) {
    Column column;
    column.name = width == 1 && !name.empty() ? name : fmt::format("{}{}", prefix, c);
    column.numbers.reserve(static_cast<std::size_t>(rows));
    for (std::int64_t row = 0; row < rows; ++row) {
      const double value = array.number(row * width + c);
      if (!std::isfinite(value)) {
        throw DataError(fmt::format("{}, row {}, column {}: expected a finite number, found {}",
                                    place, row, c, value));
      }
      column.numbers.push_back(value);
    }
    columns.push_back(std::move(column));
  }
}

Table from_npy(const std::filesystem::path& file) {
  const std::string place = fmt::format("'{}'", file.string());
  std::vector<Column> columns;
  add_columns(place, "", read_npy(file), columns);
  return {place, std::move(columns), {}};
}

Table from_npz(const std::filesystem::path& file) {
  const std::string place = fmt::format("'{}'", file.string());
  std::vector<Column> columns;
  std::string first;
  for (const auto& [name, array] : read_npz(file)) {
    if (name == kMetadata) continue;
    const std::size_t before = columns.size();
    add_columns(fmt::format("{}, array '{}'", place, name), name, array, columns);
    if (first.empty()) first = name;
    for (std::size_t c = before; c < columns.size(); ++c) {
      if (columns[c].numbers.size() == columns.front().numbers.size()) continue;
      throw DataError(fmt::format("{}: array '{}' has {} rows, array '{}' has {}", place, first,
                                  columns.front().numbers.size(), name, columns[c].numbers.size()));
    }
  }
  return {place, std::move(columns), {}};
}

}  // namespace

Table::Table(std::string place, std::vector<Column> columns, std::vector<std::int64_t> lines)
    : place_(std::move(place)), columns_(std::move(columns)), lines_(std::move(lines)) {
  std::map<std::string, int> names;
  for (const Column& column : columns_) {
    if (++names[column.name] > 1) {
      throw DataError(fmt::format("{}: two columns are called '{}'", place_, column.name));
    }
  }
  if (columns_.empty()) throw DataError(fmt::format("{}: there are no columns", place_));
  const Column& first = columns_.front();
  rows_ = static_cast<std::int64_t>(std::max(first.numbers.size(), first.words.size()));
  if (rows_ == 0) throw DataError(fmt::format("{}: there are no rows", place_));
}

std::string Table::place(std::int64_t row) const {
  return lines_.empty() ? fmt::format("{}, row {}", place_, row)
                        : fmt::format("{}:{}", place_, lines_[static_cast<std::size_t>(row)]);
}

std::vector<std::string> Table::names() const {
  std::vector<std::string> all;
  for (const Column& column : columns_) all.push_back(column.name);
  return all;
}

const Column* Table::find(const std::string& name) const {
  for (const Column& column : columns_) {
    if (column.name == name) return &column;
  }
  return nullptr;
}

const Column& Table::at(const std::string& name) const {
  if (const Column* column = find(name)) return *column;
  throw DataError(fmt::format("{}: {}", place_, unknown_name_message("column", name, names())));
}

const std::vector<double>& Table::numbers(const std::string& name) const {
  const Column& column = at(name);
  if (!column.first_word.empty()) throw DataError(column.first_word);
  return column.numbers;
}

Table read_table(const std::filesystem::path& file) {
  switch (file_format(file)) {
    case FileFormat::npy:
      return from_npy(file);
    case FileFormat::npz:
      return from_npz(file);
    case FileFormat::other:
      break;
  }
  return from_csv(file);
}

std::filesystem::path find_data_file(const std::string& name) {
  const std::filesystem::path file = name;
  std::error_code error;
  if (file.is_absolute() || std::filesystem::exists(file, error)) return file;
  for (const char* folder : {SPURION_SOURCE_DATASETS, SPURION_INSTALLED_DATASETS}) {
    const std::filesystem::path own = folder / file;
    if (std::filesystem::is_regular_file(own, error)) return own;
  }
  return file;
}

}  // namespace spurion::data
