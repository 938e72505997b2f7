#pragma once

#include <string>

#include "spurion/analysis/table.hpp"
#include "spurion/export.hpp"

/// \file
/// Tables for papers and notes, as people see them: rounded, with intervals.

namespace spurion::report {

/// A table of GitHub-flavoured Markdown, its caption below. Text cannot end a cell or begin markup.
SPURION_API std::string markdown_of(const analysis::Table& table);

/// A LaTeX table with rules of the package booktabs, its caption above. Every character that LaTeX
/// reads as a command is escaped; text must be read as UTF-8.
SPURION_API std::string latex_of(const analysis::Table& table);

}  // namespace spurion::report
