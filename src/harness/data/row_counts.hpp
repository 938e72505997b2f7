#pragma once

#include <string>
#include <vector>

#include "spurion/environment.hpp"

namespace spurion::harness {

/// "rows to train on, of the train domains".
SPURION_API std::string rows_name(const RowCounts& counts);

/// Groups without rows, "2 (class 1, spurious 0), 3 (...)"; empty when all have some.
SPURION_API std::string missing_groups(const RowCounts& counts, const EnvironmentInfo& info);

/// What a person must know of recorded rows before reading a number about them, one fact a line:
/// how many rows each class and each group has for each split, and which have none. Empty where
/// rows are generated.
SPURION_API std::vector<std::string> row_count_lines(const EnvironmentInfo& info);

/// The lines that tell of classes and groups without rows only.
SPURION_API std::vector<std::string> missing_row_lines(const EnvironmentInfo& info);

}  // namespace spurion::harness
