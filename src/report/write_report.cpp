#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <set>

#include "report/csv.hpp"
#include "report/html.hpp"
#include "report/svg_chart.hpp"
#include "spurion/analysis/answer.hpp"
#include "spurion/error.hpp"
#include "spurion/report.hpp"

namespace spurion {

namespace {

/// Whole or not at all: written beside and renamed.
void write_file(const std::filesystem::path& path, const std::string& text) {
  const std::filesystem::path temporary = path.string() + ".tmp";
  {
    std::ofstream file(temporary, std::ios::binary | std::ios::trunc);
    file << text;
    file.flush();
    if (!file) {
      std::error_code ignored;
      std::filesystem::remove(temporary, ignored);
      throw StoreError(fmt::format("cannot write '{}': {}", path.string(), std::strerror(errno)));
    }
  }
  std::error_code error;
  std::filesystem::rename(temporary, path, error);
  if (error) throw StoreError(fmt::format("cannot write '{}': {}", path.string(), error.message()));
}

}  // namespace

ReportFiles write_report(const std::filesystem::path& folder) {
  const StoredResults results = read_results(folder);
  const auto answers = analysis::answer_all(results);
  const auto dials = analysis::dial_charts(results);
  ReportFiles files;
  files.html = folder / "report.html";
  write_file(files.html, report::render_html(results, answers, dials));

  const std::filesystem::path csv = folder / "csv";
  std::error_code error;
  std::filesystem::create_directories(csv, error);
  if (error) throw StoreError(fmt::format("cannot create '{}': {}", csv.string(), error.message()));
  const auto add = [&](const std::string& name, const std::string& text) {
    files.csv.push_back(csv / (name + ".csv"));
    write_file(files.csv.back(), text);
  };
  for (const analysis::Chart& chart : dials) {
    add(chart.name, report::csv_of(chart));
    write_file(csv / (chart.name + ".svg"), report::svg_chart(chart, "chart", true));
  }
  for (const analysis::Answer& answer : answers) {
    for (const analysis::Chart& chart : answer.charts) add(chart.name, report::csv_of(chart));
    for (const analysis::Table& table : answer.tables) add(table.name, report::csv_of(table));
  }
  add("trials", report::csv_of_trials(results));
  return files;
}

}  // namespace spurion
