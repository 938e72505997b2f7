#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "report/csv/csv_folder.hpp"
#include "report/spooled_text.hpp"
#include "spurion/analysis/answer.hpp"

namespace spurion::report {

/// The files of the charts and tables of a report, written as these come: numbers as CSV, charts as
/// SVG too, or SVG and PDF, tables as Markdown and LaTeX too. Those that the page leaves out are
/// put together: charts in further_charts.csv, tables with the same columns in further_tables_1.csv
/// and so on.
class AnswerFiles {
 public:
  /// `pdf`: makes a PDF of an SVG; where it is empty there are none.
  AnswerFiles(CsvFolder& folder, std::function<std::string(const std::string&)> pdf)
      : folder_(folder), pdf_(std::move(pdf)), chart_lines_(folder.folder()) {}

  /// Each gets names that no other has and that any file system takes. `shown`: on the page. All
  /// that is shown of the shift curves comes before all answers.
  void add(analysis::Chart& shift_curve, bool shown);
  void add(analysis::Answer& answer, bool shown);
  /// Writes what the page leaves out.
  void finish();

 private:
  /// Tables with the same columns.
  struct TableGroup {
    std::string caption;  ///< of the first
    std::vector<ColumnDoc> docs;
    std::string lines;
  };

  /// A name that is not taken; a table may be called as a chart is.
  std::string take(const std::string& wanted);
  void write(const analysis::Chart& chart);
  void write(const analysis::Table& table);
  void leave_out(const analysis::Chart& chart);
  void leave_out(const analysis::Table& table);

  CsvFolder& folder_;
  std::function<std::string(const std::string&)> pdf_;
  // Of the report itself.
  std::set<std::string> taken_ = {"results", "measurements", "dictionary", "further_charts"};
  bool charts_left_out_ = false;
  SpooledText chart_lines_;                                ///< of charts that the page leaves out
  std::map<std::vector<std::string>, TableGroup> tables_;  ///< by their columns
};

}  // namespace spurion::report
