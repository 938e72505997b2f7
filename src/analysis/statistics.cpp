#include "spurion/analysis/statistics.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <set>
#include <utility>

#include "spurion/random.hpp"

namespace spurion::analysis {

namespace {
constexpr int kResamples = 2000;
constexpr std::int64_t kRandomFlips = 100000;
constexpr std::size_t kExactPairs = 16;
constexpr std::size_t kEnoughToResample = 30;
constexpr double kNormalQuantile = 1.959964;  // of .975

/// The regularised incomplete beta function, by its continued fraction (Lentz's method).
double incomplete_beta(double a, double b, double x) {
  if (x <= 0.0) return 0.0;
  if (x >= 1.0) return 1.0;
  if (x > (a + 1.0) / (a + b + 2.0)) return 1.0 - incomplete_beta(b, a, 1.0 - x);
  const double front = std::exp(std::lgamma(a + b) - std::lgamma(a) - std::lgamma(b) +
                                a * std::log(x) + b * std::log1p(-x)) /
                       a;
  constexpr double kTiny = 1e-300;
  double c = 1.0;
  double d = 0.0;
  double fraction = 1.0;
  for (int i = 0; i <= 400; ++i) {
    const int half = i / 2;
    const double m = half;
    double numerator = 1.0;
    if (i > 0) {
      numerator = i % 2 == 0 ? m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m))
                             : -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
    }
    d = 1.0 + numerator * d;
    d = 1.0 / (std::abs(d) < kTiny ? kTiny : d);
    c = 1.0 + numerator / c;
    if (std::abs(c) < kTiny) c = kTiny;
    fraction *= c * d;
    if (std::abs(1.0 - c * d) < 1e-14) break;
  }
  return front * (fraction - 1.0);
}

/// Of a value below t; in the far tail to the left as exact as small numbers are.
double student_probability(double t, double freedom) {
  const double tail = 0.5 * incomplete_beta(freedom / 2.0, 0.5, freedom / (freedom + t * t));
  return t > 0.0 ? 1.0 - tail : tail;
}

double mean_of(const BySeed& values) {
  double sum = 0.0;
  for (const auto& [seed, value] : values) sum += value;
  return sum / static_cast<double>(values.size());
}

double variance_of(const BySeed& values) {
  const double centre = mean_of(values);
  double sum = 0.0;
  for (const auto& [seed, value] : values) sum += (value - centre) * (value - centre);
  return sum / static_cast<double>(values.size() - 1);
}

/// Mean of the settings' means, and how many values there are; the interval is the value itself.
Estimate mean_alone(const std::vector<BySeed>& settings) {
  Estimate estimate;
  std::vector<double> means;
  std::set<std::int64_t> seeds;
  for (const BySeed& values : settings) {
    if (values.empty()) continue;
    means.push_back(mean_of(values));
    estimate.count += static_cast<std::int64_t>(values.size());
    for (const auto& [seed, value] : values) seeds.insert(seed);
  }
  estimate.seeds = static_cast<std::int64_t>(seeds.size());
  estimate.value = estimate.low = estimate.high = mean(means);
  return estimate;
}

/// A variance and the degrees of freedom it is known with.
struct Variance {
  double value = 0.0;
  double freedom = 0.0;
};

/// Of the sum of the settings' means.
Variance variance_of_sum(const std::vector<BySeed>& settings) {
  double pooled = 0.0;  // sum of squares within settings
  double within = 0.0;  // and its degrees of freedom
  for (const BySeed& values : settings) {
    if (values.size() < 2) continue;
    const auto own = static_cast<double>(values.size() - 1);
    pooled += own * variance_of(values);
    within += own;
  }
  std::map<std::int64_t, double> deviations;  // of each seed, over its settings
  double alone = 0.0;                         // variance of the settings of one value
  double separate = 0.0;                      // variance, were settings independent
  double spread = 0.0;                        // of that one's own estimate
  for (const BySeed& values : settings) {
    if (values.empty()) continue;
    const auto n = static_cast<double>(values.size());
    const bool lone = values.size() < 2;
    const double own = lone ? pooled / within : variance_of(values) / n;
    separate += own;
    spread += own * own / (lone ? within : n - 1.0);
    if (lone) {
      alone += own;
      deviations[values.begin()->first] += 0.0;
      continue;
    }
    const double centre = mean_of(values);
    for (const auto& [seed, value] : values) {
      deviations[seed] += (value - centre) / n * std::sqrt(n / (n - 1.0));
    }
  }
  Variance variance;
  variance.value = alone;
  for (const auto& [seed, deviation] : deviations) variance.value += deviation * deviation;
  variance.freedom = static_cast<double>(deviations.size()) - 1.0;
  if (spread > 0.0) variance.freedom = std::min(variance.freedom, separate * separate / spread);
  // Settings of one value all share one estimate, which is as sure as its own seeds make it.
  if (alone > 0.0) variance.freedom = std::min(variance.freedom, within);
  return variance;
}

/// How many seeds settings have.
struct Sizes {
  explicit Sizes(const std::vector<BySeed>& settings) {
    for (const BySeed& values : settings) {
      if (values.empty()) continue;
      most = std::max(most, values.size());
      least = std::min(least, values.size());
      ++count;
    }
  }
  std::size_t most = 0;
  std::size_t least = kEnoughToResample;  ///< of interest up to there
  std::size_t count = 0;                  ///< of settings that have any
};

}  // namespace

double student_quantile(double p, double freedom) {
  if (p == 0.5) return 0.0;  // by symmetry; the incomplete beta function is least exact there
  double low = -1.0;
  double high = 1.0;
  while (student_probability(low, freedom) > p) low *= 2.0;
  while (student_probability(high, freedom) < p) high *= 2.0;
  for (int i = 0; i < 200 && high - low > 1e-12 * std::max(1.0, std::abs(low)); ++i) {
    const double middle = 0.5 * (low + high);
    (student_probability(middle, freedom) < p ? low : high) = middle;
  }
  return 0.5 * (low + high);
}

Estimate mean_over_seeds(const std::vector<BySeed>& settings, const std::string& key,
                         double noise) {
  Estimate estimate = mean_alone(settings);
  const Sizes sizes(settings);
  if (sizes.most < 2) return estimate;
  if (sizes.least >= kEnoughToResample) {
    estimate = bootstrap_over_seeds(settings, key);
  } else if (const Variance variance = variance_of_sum(settings); variance.value > 0.0) {
    const double half = student_quantile(0.975, variance.freedom) * std::sqrt(variance.value) /
                        static_cast<double>(sizes.count);
    estimate.low -= half;
    estimate.high += half;
  }
  if (noise > 0.0) {
    const double half = kNormalQuantile * noise;
    estimate.low = std::min(estimate.low, estimate.value - half);
    estimate.high = std::max(estimate.high, estimate.value + half);
  }
  return estimate;
}

double student_p(const std::vector<BySeed>& settings, double noise) {
  const Sizes sizes(settings);
  if (sizes.most < 2) return 1.0;
  const double value = std::abs(mean_alone(settings).value);
  const Variance variance = variance_of_sum(settings);
  double error = std::sqrt(variance.value) / static_cast<double>(sizes.count);
  // Seeds that coincide, but for rounding, show no spread, however far from 0 they are.
  if (error <= kRounding * value) error = 0.0;
  if (!(error > 0.0 || noise > 0.0) || !(value > 0.0)) return 1.0;
  double p = 0.0;
  if (error > 0.0) p = 2.0 * student_probability(-value / error, variance.freedom);
  if (noise > 0.0) p = std::max(p, std::erfc(value / noise / std::sqrt(2.0)));
  return std::min(1.0, p);
}

Estimate confined(Estimate estimate, const Range& range) {
  // Never past the value itself, which rounding may put beyond: NaN stays NaN.
  if (estimate.low < range.low) estimate.low = std::min(range.low, estimate.value);
  if (estimate.high > range.high) estimate.high = std::max(range.high, estimate.value);
  return estimate;
}

double mean(const std::vector<double>& values) {
  if (values.empty()) return std::numeric_limits<double>::quiet_NaN();
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

double population_deviation(const std::vector<double>& values) {
  const double centre = mean(values);
  double sum = 0.0;
  for (const double value : values) sum += (value - centre) * (value - centre);
  return std::sqrt(sum / static_cast<double>(values.size()));
}

double interquartile_mean(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const double n = static_cast<double>(values.size());
  const double first = 0.25 * n;
  const double last = 0.75 * n;
  double sum = 0.0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double from = std::max(static_cast<double>(i), first);
    const double to = std::min(static_cast<double>(i) + 1.0, last);
    sum += std::max(0.0, to - from) * values[i];
  }
  return sum / (last - first);
}

Estimate bootstrap_over_seeds(const std::vector<BySeed>& settings, const std::string& key) {
  Estimate estimate = mean_alone(settings);
  std::map<std::int64_t, std::vector<std::pair<std::size_t, double>>> seeds;
  for (std::size_t s = 0; s < settings.size(); ++s) {
    for (const auto& [seed, value] : settings[s]) seeds[seed].emplace_back(s, value);
  }
  if (seeds.size() < 2) return estimate;
  std::vector<const std::vector<std::pair<std::size_t, double>>*> each;
  for (const auto& [seed, values] : seeds) each.push_back(&values);
  const RandomStream stream(RandomKey(0).child("bootstrap").child(key));
  std::vector<double> draws;
  draws.reserve(kResamples);
  std::vector<double> sums(settings.size());
  std::vector<double> counts(settings.size());
  for (int resample = 0; resample < kResamples; ++resample) {
    std::fill(sums.begin(), sums.end(), 0.0);
    std::fill(counts.begin(), counts.end(), 0.0);
    for (std::size_t i = 0; i < each.size(); ++i) {
      const auto pick = stream.below(static_cast<std::int64_t>(each.size()), resample,
                                     static_cast<std::int64_t>(i));
      for (const auto& [setting, value] : *each[static_cast<std::size_t>(pick)]) {
        sums[setting] += value;
        counts[setting] += 1.0;
      }
    }
    double total = 0.0;
    double met = 0.0;
    for (std::size_t s = 0; s < sums.size(); ++s) {
      if (counts[s] == 0.0) continue;
      total += sums[s] / counts[s];
      met += 1.0;
    }
    draws.push_back(total / met);
  }
  std::sort(draws.begin(), draws.end());
  estimate.low = draws[static_cast<std::size_t>(0.025 * kResamples)];
  estimate.high = draws[static_cast<std::size_t>(0.975 * kResamples) - 1];
  return estimate;
}

double sign_flip_p(const std::vector<double>& differences, const std::string& key) {
  const std::size_t n = differences.size();
  if (n == 0) return 1.0;
  const auto total = [&](auto negative) {
    double sum = 0.0;
    for (std::size_t i = 0; i < n; ++i) sum += negative(i) ? -differences[i] : differences[i];
    return std::abs(sum);
  };
  // Rounding must not make a tie look smaller than what was observed.
  const double observed = total([](std::size_t) { return false; }) * (1.0 - 1e-12);
  if (n <= kExactPairs) {
    std::int64_t extreme = 0;
    const std::int64_t patterns = std::int64_t{1} << n;
    for (std::int64_t pattern = 0; pattern < patterns; ++pattern) {
      if (total([&](std::size_t i) { return ((pattern >> i) & 1) != 0; }) >= observed) ++extreme;
    }
    return static_cast<double>(extreme) / static_cast<double>(patterns);
  }
  const RandomStream stream(RandomKey(0).child("sign flips").child(key));
  std::int64_t extreme = 1;  // the observed signs are one of the patterns
  for (std::int64_t flip = 0; flip < kRandomFlips; ++flip) {
    if (total([&](std::size_t i) {
          return stream.bernoulli(0.5, flip, static_cast<std::int64_t>(i));
        }) >= observed) {
      ++extreme;
    }
  }
  return static_cast<double>(extreme) / static_cast<double>(kRandomFlips + 1);
}

std::vector<double> holm(const std::vector<double>& p_values) {
  std::vector<std::size_t> order(p_values.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(),
            [&](std::size_t a, std::size_t b) { return p_values[a] < p_values[b]; });
  std::vector<double> adjusted(p_values.size());
  double largest = 0.0;
  for (std::size_t rank = 0; rank < order.size(); ++rank) {
    const double scaled = p_values[order[rank]] * static_cast<double>(order.size() - rank);
    largest = std::max(largest, std::min(1.0, scaled));
    adjusted[order[rank]] = largest;
  }
  return adjusted;
}

}  // namespace spurion::analysis
