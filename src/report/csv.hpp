#pragma once

#include <string>

#include "spurion/analysis/answer.hpp"
#include "spurion/store.hpp"

namespace spurion::report {

// RFC 4180, "\n" line ends; every number with the digits that read back to it, whatever the locale;
// an empty field for what is not known. Names of columns are lower case, without spaces.

/// An estimate NAME makes the columns NAME, NAME_low, NAME_high and NAME_seeds, a mean with
/// standard deviation NAME and NAME_deviation.
std::string csv_of(const analysis::Table& table);
std::string csv_of(const analysis::Chart& chart);
/// One line a measurement.
std::string csv_of_trials(const StoredResults& results);

}  // namespace spurion::report
