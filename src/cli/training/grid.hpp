#pragma once

#include <string>

#include "spurion/suite.hpp"

namespace spurion::cli {

/// A value as people write it: words without quotes, a component as "irm_v1 (penalty_weight=10)".
std::string value_text(const Value& value);

/// The experiments of a suite with their axes and seeds, for a terminal.
std::string grid_text(const Suite& suite, const std::vector<TrialSpec>& trials, int columns);

}  // namespace spurion::cli
