#pragma once

#include <string>
#include <vector>

#include "analysis/fits/scale_table.hpp"
#include "analysis/fits/scaling_judgement.hpp"

namespace spurion::analysis::fits {

/// Values cut into a lower and an upper group so that they vary least within the groups.
struct TwoModes {
  double low = 0.0;    ///< mean of the lower group
  double high = 0.0;   ///< mean of the upper group
  double share = 0.0;  ///< of the values in the lower group
  double ratio = 1.0;  ///< sum of squares within the groups over that of all
};
/// The best cut with at least 2 values and a tenth of them in each group; a ratio of 1 where there
/// are fewer than 4 values, or all are equal.
SPURION_API TwoModes split_in_two(std::vector<double> values);

/// The probability of so small a ratio where values are uniform, of all distributions with one mode
/// that which is cut best. By 2,000 draws that depend on `count` alone.
SPURION_API double one_mode_p(double ratio, std::size_t count);

/// Sets `two_modes` and the modes of every scale, and returns the p value of one mode at the two
/// largest scales together (Bonferroni). Modes count where they are more than the margin apart.
double find_modes(const ScaleTable& table, const ScalingOptions& options,
                  std::vector<ScaleSummary>& scales);

/// A share of n trials with Wilson's interval.
Estimate share_of(std::int64_t hits, std::int64_t n, double level);

}  // namespace spurion::analysis::fits
