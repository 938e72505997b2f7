#pragma once

#include "analysis/fits/scale_table.hpp"
#include "analysis/fits/scaling_judgement.hpp"

namespace spurion::analysis::fits {

/// The largest change between two scales of a line, in one direction, in standard errors.
struct DirectionTest {
  double p = 1.0;       ///< that there is none, for the best of all pairs of scales (max-T)
  double change = 0.0;  ///< of that pair
};

/// Whether some larger scale has a larger (`rises`) or a smaller gap than a smaller scale. Of
/// several axes: along one of them, with the others held.
DirectionTest direction_test(const ScaleTable& table, bool rises, std::size_t axis = 0);

/// Both directions along one axis.
struct DirectionTests {
  DirectionTest falls;
  DirectionTest rises;
};
/// Of several axes the one where the weaker of both directions is shown best; its p values are
/// multiplied by the number of axes, for each was looked at (Bonferroni).
DirectionTests direction_tests(const ScaleTable& table);

/// The gap at the largest minus at the smallest scale, paired over seeds.
Estimate paired_change(const ScaleTable& table, const std::string& key);
/// Two-sided p that a mean over seeds is `value`: of the gap at the largest scale, or of the change
/// since the smallest.
double open_p(const ScaleTable& table, double value);
double change_p(const ScaleTable& table, double value);
/// The gap at a scale with the library's interval.
Estimate gap_at(const ScaleTable& table, std::size_t scale, const std::string& key);

}  // namespace spurion::analysis::fits
