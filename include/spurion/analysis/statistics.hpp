#pragma once

#include <cmath>
#include <cstdint>
#include <limits>
#include <map>
#include <string>
#include <vector>

#include "spurion/export.hpp"

/// \file
/// Small-sample statistics. Random choices come from counter-based streams named by `key`, so the
/// same data always give the same interval.

namespace spurion::analysis {

/// Differences that are smaller, as a share of the numbers themselves, are those of rounding.
inline constexpr double kRounding = 1e-12;

/// An estimate with a two-sided interval.
struct Estimate {
  double value = 0.0;
  double low = 0.0;
  double high = 0.0;
  std::int64_t count = 0;
  std::int64_t seeds =
      0;  ///< that the interval is over; of one it is the value itself; 0: not known

  /// Whether a verdict may rest on the interval: it is over several seeds, and has a width beyond
  /// rounding. Seeds that coincide show no spread.
  [[nodiscard]] bool has_spread() const {
    return seeds > 1 && high - low > kRounding * std::abs(value) && high > low;
  }
  /// Several seeds of 0 and nothing else: what is not there needs no spread.
  [[nodiscard]] bool is_nothing() const { return seeds > 1 && low == 0.0 && high == 0.0; }
};

/// What a mean can be at all.
struct Range {
  double low = -std::numeric_limits<double>::infinity();
  double high = std::numeric_limits<double>::infinity();
};
inline constexpr Range kRate{0.0, 1.0};
/// Of two rates, or a correlation.
inline constexpr Range kDifference{-1.0, 1.0};

/// The estimate with the part of its interval that lies in the range: coverage is the same, for the
/// mean is never beyond.
SPURION_API Estimate confined(Estimate estimate, const Range& range);

/// Arithmetic mean; NaN for no values.
SPURION_API double mean(const std::vector<double>& values);
/// Standard deviation with divisor n (what most papers print).
SPURION_API double population_deviation(const std::vector<double>& values);
/// Mean of the middle half (Agarwal et al. 2021), with fractional weights at its ends.
SPURION_API double interquartile_mean(std::vector<double> values);

/// The values of one setting, one a seed.
using BySeed = std::map<std::int64_t, double>;

/// Mean with a 95 % interval over seeds, what every estimate of a report is. `settings` are
/// averaged with equal weight. What shares a seed shares data and initialisation, so the settings
/// of a seed count as one: with the same seeds everywhere the interval is that of the seeds' own
/// means, however many settings these are taken over. Where seeds are missing in some settings, the
/// variance is that of clusters (Liang & Zeger 1986), each deviation scaled by sqrt(n / (n - 1)).
///
/// Student's t with one degree of freedom less than there are seeds, or fewer where Satterthwaite
/// (1946) gives fewer; from 30 seeds a setting on, `bootstrap_over_seeds`, whose interval of five
/// values would hold the mean in 83 % of cases instead of 95. A setting of one value is taken to
/// vary as the others do; where none has two the interval is the value itself.
///
/// `noise`: the standard deviation that the mean has from the rows it was evaluated on alone; 0
/// where that is not known. Seeds that coincide by chance do not make the interval narrower than
/// 1.96 of it to either side.
SPURION_API Estimate mean_over_seeds(const std::vector<BySeed>& settings, const std::string& key,
                                     double noise = 0.0);
/// What that interval is, for captions.
inline constexpr const char* kIntervalText =
    "95 % interval (Student's t; from 30 seeds on, bootstrap; of rates and their differences never "
    "narrower than the noise of the rows evaluated, where their number is known)";
/// Two-sided p-value of Student's t test that the mean over seeds is 0, with the variance, the
/// degrees of freedom and the `noise` of `mean_over_seeds`: below .05 where that interval, as long
/// as it is Student's, does not hold 0. 1 where seeds show no spread and the noise is not known.
SPURION_API double student_p(const std::vector<BySeed>& settings, double noise = 0.0);
/// The value that Student's t with so many degrees of freedom stays below with probability p.
SPURION_API double student_quantile(double p, double freedom);

/// The same mean with a percentile bootstrap interval (Efron 1979) of 95 %: seeds are drawn with
/// replacement, each with all its settings, so that settings that differ by design do not count as
/// noise. With fewer than two seeds the interval is the value itself.
SPURION_API Estimate bootstrap_over_seeds(const std::vector<BySeed>& settings,
                                          const std::string& key);

/// Two-sided p-value of a sign-flip permutation test that the mean of paired differences is 0:
/// exact up to 16 pairs, 100,000 random flips beyond. The smallest p that n pairs can give is
/// 2^(1-n).
SPURION_API double sign_flip_p(const std::vector<double>& differences, const std::string& key);

/// Holm's step-down adjustment.
SPURION_API std::vector<double> holm(const std::vector<double>& p_values);

}  // namespace spurion::analysis
