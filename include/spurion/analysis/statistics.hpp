#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "spurion/export.hpp"

/// \file
/// Small-sample statistics. Random choices come from counter-based streams named by `key`, so the
/// same data always give the same interval.

namespace spurion::analysis {

/// An estimate with a two-sided interval.
struct Estimate {
  double value = 0.0;
  double low = 0.0;
  double high = 0.0;
  std::int64_t count = 0;
};

/// What a mean can be at all.
struct Range {
  double low = -std::numeric_limits<double>::infinity();
  double high = std::numeric_limits<double>::infinity();
};
inline constexpr Range kRate{0.0, 1.0};
inline constexpr Range kCorrelation{-1.0, 1.0};

/// The estimate with the part of its interval that lies in the range: coverage is the same, for the
/// mean is never beyond.
SPURION_API Estimate confined(Estimate estimate, const Range& range);

/// Arithmetic mean; NaN for no values.
SPURION_API double mean(const std::vector<double>& values);
/// Standard deviation with divisor n (what most papers print).
SPURION_API double population_deviation(const std::vector<double>& values);
/// Mean of the middle half (Agarwal et al. 2021), with fractional weights at its ends.
SPURION_API double interquartile_mean(std::vector<double> values);

/// Mean with a 95 % interval, what every estimate of a report is: of Student's t where a stratum
/// has fewer than 30 values, else `stratified_bootstrap`, whose interval of five values would hold
/// the mean in 83 % of cases instead of 95. `strata` are averaged with equal weight; the variances
/// of their means add up, with the degrees of freedom of Welch 1947 and Satterthwaite 1946. A
/// stratum of one value is taken to vary as the others do; where none has two values the interval
/// is the value itself.
SPURION_API Estimate stratified_mean(const std::vector<std::vector<double>>& strata,
                                     const std::string& key);
/// What that interval is, for captions.
inline constexpr const char* kIntervalText =
    "95 % interval (Student's t; from 30 a setting on, bootstrap)";
/// The value that Student's t with so many degrees of freedom stays below with probability p.
SPURION_API double student_quantile(double p, double freedom);

/// Mean with a percentile bootstrap interval (Efron 1979) of 95 %. `strata` are resampled each on
/// their own and then averaged with equal weight, so that settings that differ by design do not
/// count as noise. With fewer than two values in every stratum the interval is the value itself.
SPURION_API Estimate stratified_bootstrap(const std::vector<std::vector<double>>& strata,
                                          const std::string& key);

/// Two-sided p-value of a sign-flip permutation test that the mean of paired differences is 0:
/// exact up to 16 pairs, 100,000 random flips beyond. The smallest p that n pairs can give is
/// 2^(1-n).
SPURION_API double sign_flip_p(const std::vector<double>& differences, const std::string& key);

/// Holm's step-down adjustment.
SPURION_API std::vector<double> holm(const std::vector<double>& p_values);

}  // namespace spurion::analysis
