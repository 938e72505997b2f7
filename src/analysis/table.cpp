#include "spurion/analysis/table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "analysis/paired_test.hpp"
#include "spurion/analysis/results_view.hpp"
#include "spurion/error.hpp"

namespace spurion::analysis {

namespace {

bool is_of(const Cell& cell, ColumnKind kind) {
  if (std::holds_alternative<Missing>(cell)) return true;
  switch (kind) {
    case ColumnKind::text:
      return std::holds_alternative<std::string>(cell);
    case ColumnKind::count:
      return std::holds_alternative<std::int64_t>(cell);
    case ColumnKind::number:
      return std::holds_alternative<std::int64_t>(cell) || std::holds_alternative<Number>(cell);
    case ColumnKind::estimate:
      return std::holds_alternative<Interval>(cell);
    case ColumnKind::spread:
      return std::holds_alternative<Spread>(cell);
  }
  return false;
}

std::string number_text(const Number& number) {
  switch (number.notation) {
    case Notation::shortest:
      return fmt::format("{}", number.value);
    case Notation::fixed:
      return fmt::format("{:.{}f}", number.value, number.digits);
    case Notation::signed_fixed:
      return fmt::format("{:+.{}f}", number.value, number.digits);
    case Notation::significant:
      return fmt::format("{:.{}g}", number.value, number.digits);
    case Notation::probability:
      return number.value < 0.0001
                 ? "< .0001"
                 : fmt::format("{:.{}f}", number.value, digits_of_p(number.value, number.digits));
  }
  return {};
}

struct TextOf {
  std::string operator()(Missing /*cell*/) const { return "-"; }
  std::string operator()(const std::string& cell) const { return cell; }
  std::string operator()(std::int64_t cell) const { return fmt::format("{}", cell); }
  std::string operator()(const Number& cell) const { return number_text(cell); }
  std::string operator()(const Interval& cell) const {
    return cell.estimate.count == 0 ? "-" : show(cell.estimate, cell.digits);
  }
  std::string operator()(const Spread& cell) const {
    if (std::isnan(cell.deviation)) return fmt::format("{:.{}f}", cell.mean, cell.digits);
    return fmt::format("{:.{}f} ± {:.{}f}", cell.mean, cell.digits, cell.deviation, cell.digits);
  }
};

}  // namespace

void Table::add(std::vector<Cell> row) {
  SPURION_CHECK(row.size() == columns.size(),
                fmt::format("table '{}': a row of {} cells for {} columns", name, row.size(),
                            columns.size()));
  for (std::size_t i = 0; i < row.size(); ++i) {
    SPURION_CHECK(is_of(row[i], columns[i].kind),
                  fmt::format("table '{}': column '{}' cannot hold '{}'", name, columns[i].title,
                              text_of(row[i])));
  }
  rows.push_back(std::move(row));
}

std::size_t Table::column(const std::string& title) const {
  const auto found = std::find_if(columns.begin(), columns.end(),
                                  [&](const Column& one) { return one.title == title; });
  SPURION_CHECK(found != columns.end(), fmt::format("table '{}' has no column '{}'", name, title));
  return static_cast<std::size_t>(found - columns.begin());
}

const Cell& Table::cell(std::size_t row, const std::string& title) const {
  return rows.at(row)[column(title)];
}

void Table::set(std::size_t row, const std::string& title, Cell cell) {
  const std::size_t at = column(title);
  SPURION_CHECK(
      is_of(cell, columns[at].kind),
      fmt::format("table '{}': column '{}' cannot hold '{}'", name, title, text_of(cell)));
  rows.at(row)[at] = std::move(cell);
}

std::string text_of(const Cell& cell) { return std::visit(TextOf(), cell); }

}  // namespace spurion::analysis
