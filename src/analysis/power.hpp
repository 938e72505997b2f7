#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "analysis/paired_test.hpp"
#include "spurion/export.hpp"

/// \file
/// How often the paired tests of paired_test.hpp show a true difference, and how many seeds they
/// need for it. The differences of seeds are taken as normal.
///
/// Student's t with n seeds exceeds its quantile with the probability that a noncentral t with n -
/// 1 degrees of freedom does. Given the spread s that the seeds show, the mean is normal, so the
/// probability is an integral over s, which a chi distribution has. The same integral takes in what
/// else the tests ask for: that the difference is beyond the noise of the evaluated rows.
/// Up to `kMostSimulated` seeds the sign-flip test, which must agree, is simulated.

namespace spurion::analysis {

/// What is planned: a true difference, and how seeds vary.
struct PowerPlan {
  double difference = 0.0;       ///< > 0, beyond the margin if there is one
  double deviation = 0.0;        ///< standard deviation of the difference between seeds
  double own_noise = 0.0;        ///< of one seed, from rows of its own
  double shared_noise = 0.0;     ///< of the mean, from rows that all seeds share
  std::int64_t comparisons = 1;  ///< of the family; the strictest of Holm's levels counts
  double level = kTestLevel;     ///< of the family
  bool sign_flips = true;        ///< a sign-flip test must show it too, where it can

  /// The level of this comparison alone.
  [[nodiscard]] double own_level() const { return level / static_cast<double>(comparisons); }
};

/// Probability that Student's t test shows the difference with so many seeds (>= 2), in its true
/// direction. Without noise of rows that is the upper tail of a noncentral t.
SPURION_API double student_power(const PowerPlan& plan, std::int64_t seeds);

/// The p-quantile of the chi-squared distribution.
SPURION_API double chi_squared_quantile(double p, double freedom);

/// An interval of a standard deviation that was estimated with so many degrees of freedom, as
/// factors of the estimate: its lower and its upper end.
struct DeviationFactors {
  double low = 0.0;
  double high = 0.0;
};
SPURION_API DeviationFactors deviation_factors(double freedom);

/// What the sign-flip test lets through of what Student's t shows, which both must.
class SPURION_API SignFlipLoss {
 public:
  /// Of this number of seeds and level, by simulation: the probability that Student's t shows a
  /// difference of `effect` standard deviations and the sign-flip test, which could, does not.
  double operator()(std::int64_t seeds, double level, double effect);

 private:
  /// What each repetition of a simulation needs to be shown, by seeds and level: effects from which
  /// on each of the two tests shows it.
  struct Thresholds {
    std::vector<double> student;
    std::vector<double> flips;
  };
  std::map<std::pair<std::int64_t, double>, Thresholds> known_;
};

/// Most seeds that the sign-flip test is simulated for. With more both tests agree.
inline constexpr std::int64_t kMostSimulated = 18;
/// More seeds are not planned.
inline constexpr std::int64_t kMostPlanned = 1'000'000;

/// Probability that both tests show the difference.
SPURION_API double power_of(const PowerPlan& plan, std::int64_t seeds, SignFlipLoss& loss);

/// The number of seeds from which on both tests show the difference with at least the probability
/// `power`. None where even `kMostPlanned` do not: the rows that all seeds share are too few.
SPURION_API std::optional<std::int64_t> seeds_needed(const PowerPlan& plan, double power,
                                                     SignFlipLoss& loss);

}  // namespace spurion::analysis
