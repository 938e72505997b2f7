#pragma once

#include <cstdint>

#include "report/csv/csv_folder.hpp"
#include "spurion/store.hpp"

namespace spurion::report {

/// results.csv: a line a trial and experiment with its options, how it ended, its final scores and
/// what it cost.
void add_results_file(const StoredResults& results, CsvFolder& folder);

/// measurements.csv: a line a stored number. Trials of several experiments are there once.
void add_measurements_file(const StoredResults& results, CsvFolder& folder);
/// How many lines that has.
std::int64_t measurement_count(const StoredResults& results);

}  // namespace spurion::report
