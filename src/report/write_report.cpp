#include <fmt/format.h>

#include <set>

#include "report/csv.hpp"
#include "report/html.hpp"
#include "report/svg_chart.hpp"
#include "report/whole_file.hpp"
#include "spurion/analysis/answer.hpp"
#include "spurion/error.hpp"
#include "spurion/report.hpp"

namespace spurion {

ReportFiles write_report(const std::filesystem::path& folder, const ReportOptions& options) {
  const StoredResults results = read_results(folder, {options.all});
  const std::filesystem::path& to = options.to.empty() ? folder : options.to;
  const auto answers = analysis::answer_all(results);
  const auto dials = analysis::dial_charts(results);
  ReportFiles files;
  files.html = to / "report.html";
  std::vector<std::pair<std::filesystem::path, std::string>> contents;
  contents.emplace_back(files.html, report::render_html(results, answers, dials));
  const std::filesystem::path csv = to / "csv";
  const auto add = [&](const std::string& name, const std::string& text) {
    files.csv.push_back(csv / (name + ".csv"));
    contents.emplace_back(files.csv.back(), text);
  };
  const auto add_chart = [&](const analysis::Chart& chart) {
    add(chart.name, report::csv_of(chart));
    contents.emplace_back(csv / (chart.name + ".svg"), report::svg_chart(chart, "chart", true));
  };
  for (const analysis::Chart& chart : dials) add_chart(chart);
  for (const analysis::Answer& answer : answers) {
    for (const analysis::Chart& chart : answer.charts) add_chart(chart);
    for (const analysis::Table& table : answer.tables) add(table.name, report::csv_of(table));
  }
  add("trials", report::csv_of_trials(results));
  report::write_whole_files(contents);
  return files;
}

}  // namespace spurion
