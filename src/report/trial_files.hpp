#pragma once

#include <cstdint>
#include <vector>

#include "harness/store/identified_results.hpp"
#include "harness/suite/trial_id.hpp"
#include "report/csv/csv_folder.hpp"
#include "spurion/store.hpp"

namespace spurion::report {

/// The trials of a report by their ids.
struct TrialKeys {
  explicit TrialKeys(const harness::IdentifiedResults& identified);
  const std::vector<harness::TrialId>& ids;  ///< in the order of the results, which must stay
  std::vector<bool> first;        ///< false: a trial of several experiments that was there before
  std::int64_t measurements = 0;  ///< of all trials, each counted once
};

/// results.csv: a line a trial and experiment with its options, how it ended, its final scores and
/// what it cost.
void add_results_file(const StoredResults& results, const TrialKeys& keys, CsvFolder& folder);

/// measurements.csv: a line a stored number. Trials of several experiments are there once.
void add_measurements_file(const StoredResults& results, const TrialKeys& keys, CsvFolder& folder);

}  // namespace spurion::report
