#pragma once

#include <cmath>

#include "spurion/analysis/statistics.hpp"
#include "spurion/analysis/table.hpp"

namespace spurion::analysis {

/// A cell that is missing where there is no number.
inline Cell number_or_missing(double value, Notation notation, int digits) {
  return std::isfinite(value) ? Cell(Number{value, notation, digits}) : Cell();
}

/// The same of an estimate.
inline Cell estimate_or_missing(const Estimate& estimate, int digits = 3) {
  return estimate.count > 0 && std::isfinite(estimate.value) ? Cell(Interval(estimate, digits))
                                                             : Cell();
}

}  // namespace spurion::analysis
