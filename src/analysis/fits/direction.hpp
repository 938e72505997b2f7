#pragma once

#include "analysis/fits/scale_table.hpp"
#include "analysis/fits/scaling_judgement.hpp"

namespace spurion::analysis::fits {

/// The largest change between two scales of a line, in one direction, in standard errors.
struct DirectionTest {
  double p = 1.0;       ///< that there is none, for the best of all pairs of scales (max-T)
  double change = 0.0;  ///< of that pair
};

/// Whether some larger scale has a larger (`rises`) or a smaller gap than a smaller scale. With
/// several axes: p = 1.
DirectionTest direction_test(const ScaleTable& table, bool rises);

/// The gap at the largest minus at the smallest scale, paired over seeds.
Estimate paired_change(const ScaleTable& table, const std::string& key);
/// Two-sided p that a mean over seeds is `value`: of the gap at the largest scale, or of the change
/// since the smallest.
double open_p(const ScaleTable& table, double value);
double change_p(const ScaleTable& table, double value);
/// The gap at a scale with the library's interval.
Estimate gap_at(const ScaleTable& table, std::size_t scale, const std::string& key);

}  // namespace spurion::analysis::fits
