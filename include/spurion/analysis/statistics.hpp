#pragma once

#include <cmath>
#include <cstdint>
#include <limits>
#include <map>
#include <string>
#include <vector>

#include "spurion/export.hpp"

/// \file
/// Small-sample statistics. Random choices depend only on `key`, so the same data always give the
/// same interval.

namespace spurion::analysis {

/// Relative differences below this are rounding errors.
inline constexpr double kRounding = 1e-12;

/// An estimate with a two-sided interval.
struct Estimate {
  double value = 0.0;      ///< the mean
  double low = 0.0;        ///< lower end of the interval
  double high = 0.0;       ///< upper end of the interval
  std::int64_t count = 0;  ///< values that the mean is over
  std::int64_t seeds =
      0;  ///< seeds of the interval; with one seed it is the value itself; 0: not known

  /// Whether a verdict may use the interval: it has several seeds, and a width beyond rounding.
  [[nodiscard]] bool has_spread() const {
    return seeds > 1 && high - low > kRounding * std::abs(value) && high > low;
  }
  /// Whether several seeds all give exactly 0. Such a result needs no spread.
  [[nodiscard]] bool is_nothing() const { return seeds > 1 && low == 0.0 && high == 0.0; }
};

/// The possible values of a mean.
struct Range {
  double low = -std::numeric_limits<double>::infinity();  ///< smallest possible value
  double high = std::numeric_limits<double>::infinity();  ///< largest possible value
};
inline constexpr Range kRate{0.0, 1.0};  ///< Of a rate.
/// Difference of two rates, or a correlation.
inline constexpr Range kDifference{-1.0, 1.0};
/// The possible values of the first mean minus the second.
constexpr Range range_of_difference(const Range& first, const Range& second) {
  return {first.low - second.high, first.high - second.low};
}

/// The estimate with its interval cut to the range. The coverage stays the same because the mean
/// lies in the range.
SPURION_API Estimate confined(Estimate estimate, const Range& range);

/// Arithmetic mean; NaN for no values.
SPURION_API double mean(const std::vector<double>& values);
/// Standard deviation with divisor n (what most papers print).
SPURION_API double population_deviation(const std::vector<double>& values);
/// Mean of the middle half (Agarwal et al. 2021), with fractional weights at its ends.
SPURION_API double interquartile_mean(std::vector<double> values);

/// The values of one configuration, one for each seed.
using BySeed = std::map<std::int64_t, double>;

/// Mean with a 95 % interval over seeds, as in every report. Configurations (`configurations`) have
/// equal weight. Results with the same seed are dependent, so they are averaged per seed before the
/// interval is computed. If some configurations lack seeds, the variance is that of clusters (Liang
/// & Zeger 1986), with each deviation scaled by sqrt(n / (n - 1)).
///
/// Fewer than 30 seeds: Student's t, with the number of seeds minus one degrees of freedom, or
/// fewer after Satterthwaite (1946). Otherwise: `bootstrap_over_seeds`. (With five seeds its
/// interval would cover the mean in 83 % of cases instead of 95 %.) A configuration with one value
/// gets the variance of the others. If no configuration has two values, the interval is the value
/// itself.
///
/// `noise`: the standard deviation of the mean that comes from the evaluated rows alone; 0: not
/// known. The interval is at least 1.96 `noise` wide on either side.
SPURION_API Estimate mean_over_seeds(const std::vector<BySeed>& configurations,
                                     const std::string& key, double noise = 0.0);
/// The name of that interval, for captions.
inline constexpr const char* kIntervalText = "95 % interval";
/// How it is computed, for the head of a report.
inline constexpr const char* kIntervalRule =
    "95 % interval (fewer than 30 seeds: Student's t; otherwise: bootstrap; for rates at least as "
    "wide as the noise of the evaluated rows)";
/// Two-sided p-value of Student's t test that the mean over seeds is 0. It uses the variance, the
/// degrees of freedom and the `noise` of `mean_over_seeds`, so it is below .05 if the t interval
/// excludes 0. It is 1 if the seeds show no spread and the noise is not known.
SPURION_API double student_p(const std::vector<BySeed>& configurations, double noise = 0.0);
/// The p-quantile of Student's t distribution.
SPURION_API double student_quantile(double p, double freedom);

/// The same mean with a 95 % percentile bootstrap interval (Efron 1979). Seeds are resampled with
/// replacement, each with all its configurations, so differences between configurations do not
/// count as noise. With fewer than two seeds the interval is the value itself. More than 1,000
/// seeds are dealt to 1,000 groups, and groups are resampled, each with all its seeds.
SPURION_API Estimate bootstrap_over_seeds(const std::vector<BySeed>& configurations,
                                          const std::string& key);

/// Two-sided p-value of a sign-flip permutation test that the mean of paired differences is 0:
/// exact up to 16 pairs, 100,000 random flips beyond. The smallest p that n pairs can give is
/// 2^(1-n). More than 1,000 pairs are dealt to 1,000 groups, and the pairs of a group are flipped
/// together: the test holds for any group of flips (Hoeffding 1952).
SPURION_API double sign_flip_p(const std::vector<double>& differences, const std::string& key);

/// Holm's step-down adjustment.
SPURION_API std::vector<double> holm(const std::vector<double>& p_values);

}  // namespace spurion::analysis
