#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "spurion/export.hpp"

/// \file
/// A mean over runs that was published, and how far ours is from it.

namespace spurion::analysis {

/// What the "±" of a source is. s: standard deviation over n runs.
enum class SpreadKind {
  population_deviation,       ///< s with divisor n
  sample_deviation,           ///< s with divisor n - 1
  standard_error,             ///< s with divisor n - 1, over sqrt(n)
  population_standard_error,  ///< s with divisor n, over sqrt(n)
};
/// "population_deviation", ...: as suites write it.
SPURION_API const char* spread_kind_name(SpreadKind kind);
/// All of those names.
SPURION_API std::vector<std::string> spread_kind_names();
/// The kind of that name. Throws `UsageError`.
SPURION_API SpreadKind spread_kind(const std::string& name);

/// A published mean over runs.
struct PublishedNumber {
  double value = 0.0;
  std::optional<double> spread;  ///< the "±"; nothing: none was published
  SpreadKind kind = SpreadKind::population_deviation;
  double runs = 1.0;
  double rounding = 0.0;  ///< half a unit of the last digit that was printed

  /// Variance of its mean; nothing where no spread was published.
  [[nodiscard]] SPURION_API std::optional<double> variance_of_mean() const;
};

/// The probability that one of the numbers of a suite is said to differ where all agree.
inline constexpr double kFamilyLevel = 0.05;

/// Our mean beside a published one.
struct ComparedMeans {
  double mean = 0.0;       ///< ours
  double deviation = 0.0;  ///< of our runs, with divisor n
  std::size_t runs = 0;    ///< ours
  double errors = 0.0;     ///< the difference in standard errors, less the rounding
  double p = 1.0;          ///< two-sided, of Welch's t test
};

/// Welch's t test of the two means: the standard error is sqrt(s1^2 / n1 + s2^2 / n2) of sample
/// deviations, the degrees of freedom are Welch & Satterthwaite's. A single run of ours gets the
/// published spread; a published mean without a spread gets ours. Where nothing tells the spread,
/// any difference beyond the rounding is infinitely many standard errors. `ours` has a value.
SPURION_API ComparedMeans compare_means(const std::vector<double>& ours,
                                        const PublishedNumber& published);

}  // namespace spurion::analysis
