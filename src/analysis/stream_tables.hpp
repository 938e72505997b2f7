#pragma once

#include <map>
#include <string>

#include "analysis/stream_cells.hpp"

/// \file
/// Tables about whole streams, a row a cell.

namespace spurion::analysis {

/// Prequential numbers, which exist online only; forgetting and transfer for all.
Table measures_table(const Question& question, const std::map<CellKey, Cell>& cells,
                     const std::string& axis, double margin);

/// What was spent. Where a world's regimes and methods did not spend the same, it is said in what.
Table budget_table(const Question& question, const std::map<CellKey, Cell>& cells);

}  // namespace spurion::analysis
