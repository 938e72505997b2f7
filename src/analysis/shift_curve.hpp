#pragma once

#include <string>
#include <vector>

#include "spurion/analysis/chart.hpp"
#include "spurion/analysis/study.hpp"

namespace spurion::analysis {

/// The shift curve of some trials, one series a method (or regime), with the ceilings.
std::vector<Chart> shift_charts(const Study& study, const std::string& experiment);

}  // namespace spurion::analysis
