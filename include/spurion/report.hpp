#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "spurion/question_kinds.hpp"
#include "spurion/store.hpp"

namespace spurion {

/// The files a report consists of.
struct ReportFiles {
  std::filesystem::path html;              ///< the page
  std::vector<std::filesystem::path> csv;  ///< numbers of tables and charts, and the dictionary
  /// What the report leaves out because of its size, and how to get it; one sentence each.
  std::vector<std::string> left_out;
};

/// What a report shows and where it is written.
struct ReportOptions {
  std::filesystem::path to;  ///< folder of the report; empty: the folder of the stores
  bool all = false;          ///< include trials that belong to no experiment of the suite
  /// Write everything: csv/measurements.csv beyond two million lines, and answers and shift curves
  /// beyond the first hundred.
  bool full = false;
  /// Makes the bytes of a PDF file from those of an SVG file. With it every chart that is written
  /// is written as PDF too. Without a value: none is.
  std::function<std::string(const std::string&)> pdf = {};
};

/// Reads the stores of `folder` and writes `report.html` (self-contained) and a folder `csv` with
/// files of its numbers and charts, all whole or none; files there of an earlier report are
/// removed. csv/dictionary.csv says what each column means. Nothing else is written, and no lock is
/// taken. Never trains. Throws `StoreError` when there is nothing to read or the report cannot be
/// written. `kinds`: the kinds of questions it can answer.
SPURION_API ReportFiles write_report(const std::filesystem::path& folder,
                                     const ReportOptions& options = {},
                                     const QuestionKinds& kinds = builtin_questions());

/// The same answers and tables as text for a terminal of `columns` columns. Writes no file.
SPURION_API std::string terminal_report(const std::filesystem::path& folder, int columns,
                                        bool all = false,
                                        const QuestionKinds& kinds = builtin_questions());
/// The same of results that were read.
SPURION_API std::string terminal_report(const StoredResults& results, int columns,
                                        const QuestionKinds& kinds = builtin_questions());

}  // namespace spurion
