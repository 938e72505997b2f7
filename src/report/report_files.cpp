#include "report/report_files.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <map>
#include <set>
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

/// Names that are taken; a table may be called as a chart is.
class Names {
 public:
  std::string take(const std::string& wanted) {
    std::string name;
    for (const char c : wanted) {
      const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                         (c >= '0' && c <= '9') ||
                         std::string("_-+.=,()").find(c) != std::string::npos;
      name += plain ? c : '_';
    }
    if (name.empty() || name.front() == '.') name.insert(name.begin(), '_');
    if (name.size() > kLongestName) name.resize(kLongestName);
    const std::string stem = name;
    for (int i = 2; !taken_.insert(name).second; ++i) name = fmt::format("{}_{}", stem, i);
    return name;
  }

 private:
  // Of the report itself.
  std::set<std::string> taken_ = {"results", "measurements", "dictionary", "further_charts"};
};

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

void add_chart(const Chart& chart, CsvFolder& folder) {
  const std::string meaning = fmt::format("{}. {}", chart.title, chart.note);
  folder.begin(chart.name, meaning, docs_of_chart(chart.x_label, chart.y_label, chart.series_label))
      << csv_of(chart);
  folder.add(chart.name + ".svg", svg_chart(chart, "chart", true));
}

/// What the page leaves out.
void add_further(const std::vector<const Chart*>& charts, const std::vector<const Table*>& tables,
                 CsvFolder& folder) {
  if (!charts.empty()) {
    std::vector<ColumnDoc> docs = docs_of_chart("place along the chart's axis", "what it shows");
    docs.insert(docs.begin(), {"chart", "name of the chart"});
    std::ostream& file =
        folder.begin("further_charts", "Numbers of the charts that the page leaves out.", docs);
    std::vector<std::string> names = chart_columns();
    names.insert(names.begin(), "chart");
    file << csv_record(names);
    for (const Chart* chart : charts) file << csv_rows(*chart, chart->name);
  }
  std::map<std::vector<std::string>, std::vector<const Table*>> alike;
  for (const Table* table : tables) {
    std::vector<std::string> names;
    for (const CsvColumn& column : csv_columns(*table)) names.push_back(column.name);
    alike[names].push_back(table);
  }
  int number = 0;
  for (const auto& [names, group] : alike) {
    std::vector<ColumnDoc> docs = docs_of(*group.front());
    docs.insert(docs.begin(), {"table", "name of the table"});
    std::ostream& file =
        folder.begin(fmt::format("further_tables_{}", ++number),
                     "Tables that the page leaves out, one below the other. The first is: " +
                         group.front()->caption,
                     docs);
    std::vector<std::string> all = names;
    all.insert(all.begin(), "table");
    file << csv_record(all);
    for (const Table* table : group) file << csv_rows(*table, table->name);
  }
}

}  // namespace

void name_files(std::vector<Answer>& answers, std::vector<Chart>& shift_curves) {
  Names names;
  for (Chart& chart : shift_curves) chart.name = names.take(chart.name);
  for (Answer& answer : answers) {
    for (Chart& chart : answer.charts) chart.name = names.take(chart.name);
    for (Table& table : answer.tables) table.name = names.take(table.name);
  }
}

void add_answer_files(const std::vector<Answer>& answers, const std::vector<Chart>& shift_curves,
                      const PageLimits& limits, CsvFolder& folder) {
  std::vector<const Chart*> further_charts;
  std::vector<const Table*> further_tables;
  for (std::size_t i = 0; i < shift_curves.size(); ++i) {
    if (i < limits.shift_curves) {
      add_chart(shift_curves[i], folder);
    } else {
      further_charts.push_back(&shift_curves[i]);
    }
  }
  for (std::size_t i = 0; i < answers.size(); ++i) {
    for (const Chart& chart : answers[i].charts) {
      if (i < limits.answers) {
        add_chart(chart, folder);
      } else {
        further_charts.push_back(&chart);
      }
    }
    for (const Table& table : answers[i].tables) {
      if (i < limits.answers) {
        std::ostream& file = folder.begin(table.name, table.caption, docs_of(table));
        file << csv_of(table);
        folder.add(table.name + ".md", markdown_of(table));
        folder.add(table.name + ".tex", latex_of(table));
      } else {
        further_tables.push_back(&table);
      }
    }
  }
  add_further(further_charts, further_tables, folder);
}

}  // namespace spurion::report
