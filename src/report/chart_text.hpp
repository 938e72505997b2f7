#pragma once

#include <cstddef>
#include <string>

#include "spurion/analysis/chart.hpp"

namespace spurion::report {

/// A chart in letters, at most `columns` wide: bars, cells or points under its title. Empty for
/// lines, whose numbers the tables hold, and for a chart without points.
SPURION_API std::string chart_text(const analysis::Chart& chart, std::size_t columns);

}  // namespace spurion::report
