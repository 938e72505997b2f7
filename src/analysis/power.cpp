// Noncentral t: Johnson & Welch 1940, by integrating over the spread; the interval of a standard
// deviation: the chi-squared distribution of its square.
#include "analysis/power.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <utility>

#include "analysis/normal_distribution.hpp"
#include "spurion/analysis/statistics.hpp"
#include "spurion/random.hpp"

namespace spurion::analysis {

namespace {

constexpr std::int64_t kRepetitions = 1000;

double normal_probability(double z) { return 0.5 * std::erfc(-z / std::sqrt(2.0)); }

/// The regularised lower incomplete gamma function: its series below the mean, else the continued
/// fraction of the upper one (Lentz's method).
double lower_gamma(double a, double x) {
  if (!(x > 0.0)) return 0.0;
  const double front = std::exp(a * std::log(x) - x - std::lgamma(a));
  constexpr int kMost = 10000;
  constexpr double kClose = 1e-15;
  if (x < a + 1.0) {
    double term = 1.0 / a;
    double sum = term;
    for (int i = 1; i < kMost && term > kClose * sum; ++i) {
      term *= x / (a + i);
      sum += term;
    }
    return front * sum;
  }
  constexpr double kTiny = 1e-300;
  double b = x + 1.0 - a;
  double c = 1.0 / kTiny;
  double d = 1.0 / b;
  double fraction = d;
  for (int i = 1; i < kMost; ++i) {
    const double numerator = -i * (i - a);
    b += 2.0;
    d = numerator * d + b;
    d = 1.0 / (std::abs(d) < kTiny ? kTiny : d);
    c = b + numerator / c;
    if (std::abs(c) < kTiny) c = kTiny;
    fraction *= c * d;
    if (std::abs(1.0 - c * d) < kClose) break;
  }
  return 1.0 - front * fraction;
}

/// Of Student's t with so many seeds, two-sided.
double student_bound(double level, std::int64_t seeds) {
  constexpr std::int64_t kAsNormal = 10000;  // where Student's quantile loses digits
  return seeds > kAsNormal ? -probit(0.5 * level)
                           : -student_quantile(0.5 * level, static_cast<double>(seeds - 1));
}

/// What the mean of so many seeds has to exceed, and how it varies.
struct MeanOf {
  MeanOf(const PowerPlan& plan, std::int64_t seeds)
      : root(std::sqrt(static_cast<double>(seeds))),
        of_spread(student_bound(plan.own_level(), seeds) * plan.deviation / root),
        of_rows(-probit(0.5 * plan.own_level()) *
                std::hypot(plan.own_noise / root, plan.shared_noise)),
        deviation(std::hypot(plan.deviation / root, plan.shared_noise)) {}

  /// The probability that it does, where the seeds show `share` of their true spread.
  [[nodiscard]] double exceeds(double difference, double share) const {
    const double bound = std::max(of_spread * share, of_rows);
    if (!(deviation > 0.0)) return difference > bound ? 1.0 : 0.0;
    return normal_probability((difference - bound) / deviation);
  }

  double root;
  double of_spread;
  double of_rows;
  double deviation;
};

/// The p value of a sign-flip test of a few numbers whose sum is above 0: twice the share of the
/// subsets that can be negated without making the sum smaller than its opposite. Their sums are
/// those of two halves, each sorted.
double sign_flip_share(const std::vector<double>& values) {
  const auto sums_of = [&](std::size_t from, std::size_t to) {
    std::vector<double> sums = {0.0};  // stays sorted
    for (std::size_t i = from; i < to; ++i) {
      std::vector<double> with = sums;
      for (double& sum : with) sum += values[i];
      std::vector<double> merged(2 * sums.size());
      std::merge(sums.begin(), sums.end(), with.begin(), with.end(), merged.begin());
      sums = std::move(merged);
    }
    return sums;
  };
  const std::size_t half = values.size() / 2;
  const std::vector<double> first = sums_of(0, half);
  const std::vector<double> second = sums_of(half, values.size());
  double subsets = 0.0;  // whose sum is at most 0
  std::size_t fitting = second.size();
  for (const double sum : first) {
    while (fitting > 0 && second[fitting - 1] + sum > 0.0) --fitting;
    subsets += static_cast<double>(fitting);
  }
  return std::min(1.0, std::ldexp(2.0 * subsets, -static_cast<int>(values.size())));
}

/// The smallest shift of the values, from `low` on, from which their sign flips show them.
double flips_threshold(std::vector<double> values, double level, double low) {
  const std::vector<double> at_zero = values;
  const auto shows = [&](double shift) {
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = at_zero[i] + shift;
    return sign_flip_share(values) <= level;
  };
  if (shows(low)) return low;
  double high = std::max(low, 0.0) + 1.0;
  while (!shows(high)) high *= 2.0;  // all values above 0 are shown, or nothing is
  constexpr int kHalvings = 12;
  for (int i = 0; i < kHalvings; ++i) {
    const double middle = 0.5 * (low + high);
    (shows(middle) ? high : low) = middle;
  }
  return high;
}

/// Whether so few seeds can give a sign-flip test a p value of this level.
bool flips_can_show(std::int64_t seeds, double level) {
  return std::ldexp(2.0, -static_cast<int>(std::min<std::int64_t>(seeds, 60))) <= level;
}

}  // namespace

double chi_squared_quantile(double p, double freedom) {
  double low = 0.0;
  double high = std::max(1.0, 2.0 * freedom);
  while (lower_gamma(0.5 * freedom, 0.5 * high) < p) high *= 2.0;
  for (int i = 0; i < 200 && high - low > 1e-13 * high; ++i) {
    const double middle = 0.5 * (low + high);
    (lower_gamma(0.5 * freedom, 0.5 * middle) < p ? low : high) = middle;
  }
  return 0.5 * (low + high);
}

DeviationFactors deviation_factors(double freedom) {
  return {std::sqrt(freedom / chi_squared_quantile(1.0 - 0.5 * kTestLevel, freedom)),
          std::sqrt(freedom / chi_squared_quantile(0.5 * kTestLevel, freedom))};
}

double student_power(const PowerPlan& plan, std::int64_t seeds) {
  const MeanOf mean(plan, seeds);
  if (!(plan.deviation > 0.0)) return mean.exceeds(plan.difference, 1.0);
  // By Simpson's rule over the share of the true spread that the seeds show. Beyond nine of its
  // standard deviations nothing is left.
  const auto freedom = static_cast<double>(seeds - 1);
  const double width = 9.0 / std::sqrt(2.0 * freedom);
  const double low = std::max(0.0, 1.0 - width);
  const double step_count = 400.0;
  const double step = (1.0 + width - low) / step_count;
  const double constant =
      std::log(2.0) + 0.5 * freedom * std::log(0.5 * freedom) - std::lgamma(0.5 * freedom);
  double sum = 0.0;
  for (int i = 0; i <= static_cast<int>(step_count); ++i) {
    const double share = low + step * i;
    const double weight = i == 0 || i == static_cast<int>(step_count) ? 1.0
                          : i % 2 == 1                                ? 4.0
                                                                      : 2.0;
    // At 0 the density is that of one degree of freedom, or none.
    const double of_share =
        share > 0.0 ? (freedom - 1.0) * std::log(share) : (freedom > 1.0 ? -1e300 : 0.0);
    const double density = std::exp(constant + of_share - 0.5 * freedom * share * share);
    sum += weight * density * mean.exceeds(plan.difference, share);
  }
  return std::min(1.0, sum * step / 3.0);
}

double SignFlipLoss::operator()(std::int64_t seeds, double level, double effect) {
  if (seeds > kMostSimulated || !flips_can_show(seeds, level)) return 0.0;
  const auto [place, added] = known_.try_emplace({seeds, level});
  Thresholds& thresholds = place->second;
  if (added) {
    const RandomStream stream(RandomKey(0).child("sign flip loss"));
    const auto n = static_cast<double>(seeds);
    const double quantile = student_bound(level, seeds);
    std::vector<double> values(static_cast<std::size_t>(seeds));
    for (std::int64_t repetition = 0; repetition < kRepetitions; ++repetition) {
      double sum = 0.0;
      for (std::int64_t i = 0; i < seeds; ++i) {
        sum += values[static_cast<std::size_t>(i)] = stream.normal(repetition, i);
      }
      double squares = 0.0;
      for (const double value : values) squares += (value - sum / n) * (value - sum / n);
      // Shifted by an effect the mean moves, and nothing else.
      const double bound = quantile * std::sqrt(squares / (n - 1.0) / n) - sum / n;
      thresholds.student.push_back(bound);
      thresholds.flips.push_back(flips_threshold(values, level, bound));
    }
  }
  double lost = 0.0;
  for (std::size_t i = 0; i < thresholds.student.size(); ++i) {
    lost += effect >= thresholds.student[i] && effect < thresholds.flips[i] ? 1.0 : 0.0;
  }
  return lost / static_cast<double>(kRepetitions);
}

double power_of(const PowerPlan& plan, std::int64_t seeds, SignFlipLoss& loss) {
  const double student = student_power(plan, seeds);
  if (!plan.sign_flips || !(plan.deviation > 0.0)) return student;
  return std::max(0.0, student - loss(seeds, plan.own_level(), plan.difference / plan.deviation));
}

std::optional<std::int64_t> seeds_needed(const PowerPlan& plan, double power, SignFlipLoss& loss) {
  constexpr std::int64_t kFewest = 2;
  std::int64_t low = kFewest - 1;  // too few
  std::int64_t high = kFewest;
  while (student_power(plan, high) < power) {
    if (high >= kMostPlanned) return std::nullopt;
    low = high;
    high = std::min(2 * high, kMostPlanned);
  }
  while (high - low > 1) {
    const std::int64_t middle = low + (high - low) / 2;
    (student_power(plan, middle) < power ? low : high) = middle;
  }
  if (!plan.sign_flips) return high;
  // The sign-flip test begins to count with some number of seeds, and asks for more than Student's
  // t there: what is needed is the number after the last that is too small.
  std::int64_t needed = high;
  for (std::int64_t seeds = high; seeds <= kMostSimulated; ++seeds) {
    if (power_of(plan, seeds, loss) < power) needed = seeds + 1;
  }
  return needed;
}

}  // namespace spurion::analysis
