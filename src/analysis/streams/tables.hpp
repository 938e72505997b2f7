#pragma once

#include <map>
#include <string>
#include <vector>

#include "analysis/streams/cells.hpp"

/// \file
/// Tables about whole streams, a row a cell.

namespace spurion::analysis {

/// The columns that say which cell a row is about, with one of the axis unless that is empty.
std::vector<Column> stream_columns(const std::string& axis);
/// What a cell's row has in them.
std::vector<Cell> stream_names(const CellKey& key, const std::string& axis);

/// Prequential numbers, which exist online only; forgetting and transfer for all.
/// What became of each cell at a phase (< 0: the last).
Table verdicts_table(const StreamsAsked& asked, const std::map<CellKey, StreamCell>& cells,
                     const std::map<CellKey, StreamVerdict>& verdicts);
Table measures_table(const StreamsAsked& asked, const std::map<CellKey, StreamCell>& cells);

/// What was spent. Where an environment's regimes and methods did not spend the same, it is said in
/// what.
Table budget_table(const std::string& experiment, const std::map<CellKey, StreamCell>& cells);

}  // namespace spurion::analysis
