#pragma once

#include <string>
#include <vector>

#include "report/csv/csv_folder.hpp"
#include "report/html.hpp"
#include "spurion/analysis/answer.hpp"

namespace spurion::report {

/// Gives tables and charts names that no two share and that any file system takes.
void name_files(std::vector<analysis::Answer>& answers, std::vector<analysis::Chart>& shift_curves);

/// The files of the charts and tables of a report: numbers as CSV, charts as SVG too, tables as
/// Markdown and LaTeX too. Those that the page leaves out are put together:
/// charts in further_charts.csv, tables with the same columns in further_tables_1.csv and so on.
void add_answer_files(const std::vector<analysis::Answer>& answers,
                      const std::vector<analysis::Chart>& shift_curves, const PageLimits& limits,
                      CsvFolder& folder);

}  // namespace spurion::report
