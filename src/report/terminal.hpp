#pragma once

#include <cstddef>
#include <string>

#include "harness/store/identified_results.hpp"
#include "spurion/analysis/answer.hpp"
#include "spurion/export.hpp"

namespace spurion::report {

/// An answer for a terminal of so many columns: its question, sentence, charts and tables.
/// Columns for which there is no room are in the CSV file of the table's name; where it has none,
/// the reader is told of --format csv.
SPURION_API std::string answer_text(const analysis::Answer& answer, std::size_t width);

/// As `terminal_report`.
SPURION_API std::string terminal_text(const harness::IdentifiedResults& identified, int columns,
                                      const QuestionKinds& kinds);

}  // namespace spurion::report
