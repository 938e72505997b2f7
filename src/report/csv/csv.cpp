#include "report/csv/csv.hpp"

#include <fmt/format.h>

#include <cmath>
#include <variant>
#include <vector>

#include "report/csv/csv_text.hpp"

namespace spurion::report {

namespace {

/// What the fields of a column end in.
std::vector<const char*> endings(analysis::ColumnKind kind) {
  if (kind == analysis::ColumnKind::estimate) return {"", "_low", "_high", "_seeds"};
  if (kind == analysis::ColumnKind::spread) return {"", "_deviation"};
  return {""};
}

/// "Late - early" becomes "late_early": names that programs take without quotes.
std::string key_of(const analysis::Column& column) {
  if (!column.key.empty()) return column.key;
  std::string key;
  for (const char c : column.title) {
    const bool upper = c >= 'A' && c <= 'Z';
    const bool plain = upper || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.';
    if (plain) {
      key += static_cast<char>(upper ? c - 'A' + 'a' : c);
    } else if (!key.empty() && key.back() != '_') {
      key += '_';
    }
  }
  return key;
}

/// Of one seed there is no interval.
void add_estimate(const analysis::Estimate& estimate, std::vector<std::string>& fields) {
  const bool interval = estimate.count > 0 && estimate.seeds != 1;
  fields.push_back(estimate.count > 0 ? csv_number(estimate.value) : "");
  fields.push_back(interval ? csv_number(estimate.low) : "");
  fields.push_back(interval ? csv_number(estimate.high) : "");
  fields.push_back(estimate.count > 0 && estimate.seeds > 0 ? fmt::format("{}", estimate.seeds)
                                                            : "");
}

/// As many fields as the kind of the column has endings.
void add_fields(const analysis::Cell& cell, analysis::ColumnKind kind,
                std::vector<std::string>& fields) {
  if (const auto* text = std::get_if<std::string>(&cell)) {
    fields.push_back(*text);
  } else if (const auto* count = std::get_if<std::int64_t>(&cell)) {
    fields.push_back(fmt::format("{}", *count));
  } else if (const auto* number = std::get_if<analysis::Number>(&cell)) {
    fields.push_back(csv_number(number->value));
  } else if (const auto* interval = std::get_if<analysis::Interval>(&cell)) {
    add_estimate(interval->estimate, fields);
  } else if (const auto* spread = std::get_if<analysis::Spread>(&cell)) {
    fields.push_back(csv_number(spread->mean));
    fields.push_back(std::isnan(spread->deviation) ? "" : csv_number(spread->deviation));
  } else {
    fields.resize(fields.size() + endings(kind).size());
  }
}

}  // namespace

std::vector<CsvColumn> csv_columns(const analysis::Table& table) {
  std::vector<CsvColumn> columns;
  for (const analysis::Column& column : table.columns) {
    for (const char* ending : endings(column.kind)) {
      columns.push_back({key_of(column) + ending, column.title, ending});
    }
  }
  return columns;
}

std::string csv_rows(const analysis::Table& table, const std::string& first) {
  std::string out;
  std::vector<std::string> fields;
  for (const auto& row : table.rows) {
    fields.clear();
    if (!first.empty()) fields.push_back(first);
    for (std::size_t i = 0; i < row.size(); ++i) {
      add_fields(row[i], table.columns[i].kind, fields);
    }
    out += csv_record(fields);
  }
  return out;
}

std::string csv_of(const analysis::Table& table) {
  std::vector<std::string> names;
  for (const CsvColumn& column : csv_columns(table)) names.push_back(column.name);
  return csv_record(names) + csv_rows(table);
}

std::vector<std::string> chart_columns() {
  return {"series", "x", "value", "low", "high", "seeds", "trials"};
}

std::string csv_rows(const analysis::Chart& chart, const std::string& first) {
  fmt::memory_buffer out;
  const auto add = [&](const std::string& field, char behind) {
    out.append(field.data(), field.data() + field.size());
    out.push_back(behind);
  };
  const bool category = !chart.categories.empty();
  std::vector<std::string> fields;
  for (const analysis::Series& series : chart.series) {
    // Before each point; numbers need no quotes.
    const std::string before = first.empty() ? "" : csv_field(first) + ',';
    const std::string name = before + csv_field(series.name);
    const std::string held_out =
        series.held_out.empty() ? name : before + csv_field(series.name + " (held out)");
    for (std::size_t i = 0; i < series.x.size(); ++i) {
      fields.clear();
      add_estimate(series.y[i], fields);
      add(series.is_held_out(i) ? held_out : name, ',');
      add(category ? csv_field(chart.x_text(series.x[i])) : csv_number(series.x[i]), ',');
      for (const std::string& field : fields) add(field, ',');
      add(fmt::format_int(series.y[i].count).str(), '\n');
    }
  }
  return fmt::to_string(out);
}

std::string csv_of(const analysis::Chart& chart) {
  return csv_record(chart_columns()) + csv_rows(chart);
}

}  // namespace spurion::report
