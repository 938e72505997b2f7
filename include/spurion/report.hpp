#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "spurion/store.hpp"

namespace spurion {

/// The files a report consists of.
struct ReportFiles {
  std::filesystem::path html;
  std::vector<std::filesystem::path> csv;
};

/// Reads the stores of `folder` and writes `report.html` (self-contained) and CSV files beside it,
/// each whole or not at all. Never trains. Throws `StoreError` when there is nothing to read or the
/// folder is not writable.
SPURION_API ReportFiles write_report(const std::filesystem::path& folder);

/// The same answers and tables for a terminal, `columns` wide.
SPURION_API std::string terminal_report(const std::filesystem::path& folder, int columns);

}  // namespace spurion
