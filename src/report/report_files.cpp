#include "report/report_files.hpp"

#include <fmt/format.h>

#include <cstddef>
#include <utility>

#include "report/csv/csv.hpp"
#include "report/csv/csv_text.hpp"
#include "report/svg/svg_chart.hpp"
#include "report/table_markup.hpp"
#include "spurion/analysis/glossary.hpp"

namespace spurion::report {

namespace {

using analysis::Answer;
using analysis::Chart;
using analysis::Table;

constexpr std::size_t kLongestName = 150;

std::vector<ColumnDoc> docs_of(const Table& table) {
  std::vector<ColumnDoc> docs;
  for (const CsvColumn& column : csv_columns(table)) {
    const std::string stem = column.name.substr(0, column.name.size() - column.ending.size());
    const analysis::Term* term =
        analysis::term_of({column.title, analysis::ColumnKind::text, stem});
    const std::string meaning = term == nullptr
                                    ? fmt::format("column '{}' of the table", column.title)
                                    : std::string(term->meaning);
    const std::string unit(term == nullptr ? "" : term->unit);
    if (column.ending.empty()) {
      docs.push_back({column.name, meaning, unit, std::string(term == nullptr ? "" : term->range)});
    } else if (column.ending == "_seeds") {
      docs.push_back({column.name, "seeds that the interval is over", "", "whole, >= 1"});
    } else {
      const char* what = column.ending == "_low"    ? "lower end of the interval of"
                         : column.ending == "_high" ? "upper end of the interval of"
                                                    : "standard deviation of";
      docs.push_back({column.name, fmt::format("{} {}", what, stem), unit});
    }
  }
  return docs;
}

std::vector<ColumnDoc> docs_of_chart(const std::string& x, const std::string& y,
                                     const std::string& series = "") {
  return {{"series", series.empty() ? "line of the chart" : series},
          {"x", x},
          {"value", y},
          {"low", "lower end of the interval"},
          {"high", "upper end of the interval"},
          {"seeds", "seeds that the interval is over"},
          {"trials", "trials that the value is the mean of"}};
}

}  // namespace

std::string AnswerFiles::take(const std::string& wanted) {
  std::string name;
  for (const char c : wanted) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       std::string("_-+.=,()").find(c) != std::string::npos;
    name += plain ? c : '_';
  }
  if (name.empty() || name.front() == '.') name.insert(name.begin(), '_');
  if (name.size() > kLongestName) name.resize(kLongestName);
  const std::string stem = name;
  for (int i = 2; !taken_.insert(name).second; ++i) name = fmt::format("{}_{}", stem, i);
  return name;
}

void AnswerFiles::write(const Chart& chart) {
  const std::string meaning = fmt::format("{}. {}", chart.title, chart.note);
  folder_.begin(chart.name, meaning,
                docs_of_chart(chart.x_label, chart.y_label, chart.series_label))
      << csv_of(chart);
  const std::string svg = svg_chart(chart, "chart", true);
  folder_.add(chart.name + ".svg", svg);
  if (pdf_) folder_.add(chart.name + ".pdf", pdf_(svg));
}

void AnswerFiles::write(const Table& table) {
  std::ostream& file = folder_.begin(table.name, table.caption, docs_of(table));
  file << csv_of(table);
  if (table.file_only) return;
  folder_.add(table.name + ".md", markdown_of(table));
  folder_.add(table.name + ".tex", latex_of(table));
}

void AnswerFiles::leave_out(const Chart& chart) {
  charts_left_out_ = true;
  chart_lines_.add(csv_rows(chart, chart.name));
}

void AnswerFiles::leave_out(const Table& table) {
  std::vector<std::string> names;
  for (const CsvColumn& column : csv_columns(table)) names.push_back(column.name);
  const auto [group, added] = tables_.try_emplace(std::move(names));
  if (added) {
    group->second.caption = table.caption;
    group->second.docs = docs_of(table);
  }
  group->second.lines += csv_rows(table, table.name);
}

void AnswerFiles::add(Chart& shift_curve, bool shown) {
  shift_curve.name = take(shift_curve.name);
  shown ? write(shift_curve) : leave_out(shift_curve);
}

void AnswerFiles::add(Answer& answer, bool shown) {
  for (Chart& chart : answer.charts) chart.name = take(chart.name);
  for (Table& table : answer.tables) table.name = take(table.name);
  for (const Chart& chart : answer.charts) shown ? write(chart) : leave_out(chart);
  for (const Table& table : answer.tables) shown ? write(table) : leave_out(table);
}

void AnswerFiles::finish() {
  if (charts_left_out_) {
    std::vector<ColumnDoc> docs = docs_of_chart("place along the chart's axis", "what it shows");
    docs.insert(docs.begin(), {"chart", "name of the chart"});
    std::ostream& file =
        folder_.begin("further_charts", "Numbers of the charts that the page leaves out.", docs);
    std::vector<std::string> names = chart_columns();
    names.insert(names.begin(), "chart");
    file << csv_record(names);
    chart_lines_.write_to(file);
  }
  int number = 0;
  for (auto& [names, group] : tables_) {
    group.docs.insert(group.docs.begin(), {"table", "name of the table"});
    std::ostream& file = folder_.begin(
        fmt::format("further_tables_{}", ++number),
        "Tables that the page leaves out, one below the other. The first is: " + group.caption,
        group.docs);
    std::vector<std::string> all = names;
    all.insert(all.begin(), "table");
    file << csv_record(all) << group.lines;
  }
}

}  // namespace spurion::report
