#include "data/table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/counted.hpp"
#include "data/csv.hpp"
#include "data/file_format.hpp"
#include "data/memory_limit.hpp"
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
    for (; row < csv.rows(); ++row) {
      const auto number = csv.find_number(row, c);
      if (!number) break;
      column.numbers.push_back(*number);
    }
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
      const std::int64_t at = row * width + c;
      const double value = array.number(at);
      if (!std::isfinite(value)) {
        throw DataError(fmt::format("{}, row {}, column {}: expected a finite number, found {}",
                                    place, row, c, value));
      }
      if (!array.exact(at) && column.first_word.empty()) {
        column.first_word = fmt::format(
            "{}, row {}, column {}: {} is a whole number with more digits than float64 can hold; "
            "expected at most 2^53",
            place, row, c, array.element_text(at));
      }
      column.numbers.push_back(value);
    }
    if (!column.first_word.empty()) {
      column.numbers.clear();
      for (std::int64_t row = 0; row < rows; ++row) {
        column.words.push_back(array.element_text(row * width + c));
      }
    }
    columns.push_back(std::move(column));
  }
}

std::size_t rows_of(const Column& column) {
  return std::max(column.numbers.size(), column.words.size());
}

Table from_npy(const std::filesystem::path& file) {
  const std::string place = fmt::format("'{}'", file.string());
  std::vector<Column> columns;
  add_columns(place, "", read_npy(file), columns);
  return {place, std::move(columns), {}};
}

/// Before anything is unpacked: what columns of these arrays will take.
void check_sizes(const std::string& place, const NpzFile& file) {
  double bytes = 0.0;
  double largest = 0.0;
  const NpzEntry* first = nullptr;
  for (const NpzEntry& entry : file.entries()) {
    if (entry.name == kMetadata) continue;
    const std::vector<std::int64_t>& shape = entry.header.shape;
    if (first == nullptr) first = &entry;
    if (!shape.empty() && !first->header.shape.empty() &&
        shape.front() != first->header.shape.front()) {
      throw DataError(fmt::format("{}: array '{}' has {}, array '{}' has {}", place, first->name,
                                  core::counted(first->header.shape.front(), "row"), entry.name,
                                  shape.front()));
    }
    // As doubles, and once more as the float32 that models see.
    constexpr double kEach = sizeof(double) + sizeof(float);
    double count = 1.0;
    for (const std::int64_t size : shape) count *= static_cast<double>(size);
    bytes += kEach * count;
    largest = std::max(largest, 2.0 * static_cast<double>(entry.header.bytes));
  }
  require_memory(bytes + largest, place, "a table of its arrays");
}

Table from_npz(const std::filesystem::path& path) {
  const std::string place = fmt::format("'{}'", path.string());
  const NpzFile file(path);
  check_sizes(place, file);
  std::vector<Column> columns;
  for (const NpzEntry& entry : file.entries()) {
    if (entry.name != kMetadata) {
      add_columns(file.place(entry), entry.name, file.read(entry), columns);
    }
  }
  return {place, std::move(columns), {}, file.find(kMetadata) != nullptr};
}

}  // namespace

Table::Table(std::string place, std::vector<Column> columns, std::vector<std::int64_t> lines,
             bool exported)
    : place_(std::move(place)),
      columns_(std::move(columns)),
      lines_(std::move(lines)),
      exported_(exported) {
  for (std::size_t c = 0; c < columns_.size(); ++c) {
    if (!index_.emplace(columns_[c].name, c).second) {
      throw DataError(fmt::format("{}: two columns are called '{}'", place_, columns_[c].name));
    }
  }
  if (columns_.empty()) throw DataError(fmt::format("{}: there are no columns", place_));
  rows_ = static_cast<std::int64_t>(rows_of(columns_.front()));
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
  const auto found = index_.find(name);
  return found == index_.end() ? nullptr : &columns_[found->second];
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
