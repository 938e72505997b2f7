#pragma once

#include <string>

#include "spurion/analysis/answer.hpp"
#include "spurion/store.hpp"

namespace spurion::report {

/// RFC 4180, "\n" line ends, every number with the digits that read back to it.
std::string csv_of(const analysis::Table& table);
std::string csv_of(const analysis::Chart& chart);
/// One line a measurement.
std::string csv_of_trials(const StoredResults& results);

}  // namespace spurion::report
