#include "spurion/analysis/statistics.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>

#include "analysis/seed_table.hpp"
#include "spurion/random.hpp"

namespace spurion::analysis {

namespace {
constexpr std::int64_t kRandomFlips = 100000;
constexpr std::size_t kExactPairs = 16;

}  // namespace

Estimate mean_over_seeds(const std::vector<BySeed>& configurations, const std::string& key,
                         double noise) {
  return mean_over_seeds(SeedTable(configurations), key, noise);
}

double student_p(const std::vector<BySeed>& configurations, double noise) {
  return student_p(SeedTable(configurations), noise);
}

Estimate bootstrap_over_seeds(const std::vector<BySeed>& configurations, const std::string& key) {
  return bootstrap_over_seeds(SeedTable(configurations), key);
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

double sign_flip_p(const std::vector<double>& differences, const std::string& key) {
  const std::size_t n = differences.size();
  if (n > kMostResampled) {
    // To flip the signs of a group together is a flip of them all, so the test stays exact.
    std::vector<double> sums(kMostResampled);
    for (std::size_t i = 0; i < n; ++i) sums[i % kMostResampled] += differences[i];
    return sign_flip_p(sums, key);
  }
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
  // Several at a time: their sums do not wait for each other.
  constexpr std::int64_t kAtOnce = 8;
  static_assert(kRandomFlips % kAtOnce == 0);
  std::vector<double> coins(kAtOnce * n);
  for (std::int64_t flip = 0; flip < kRandomFlips; flip += kAtOnce) {
    stream.fill_uniform(flip, kAtOnce, static_cast<std::int64_t>(n), coins.data());
    std::array<double, kAtOnce> sums{};
    for (std::size_t i = 0; i < n; ++i) {
      for (std::size_t one = 0; one < sums.size(); ++one) {
        sums[one] += coins[one * n + i] < 0.5 ? -differences[i] : differences[i];
      }
    }
    for (const double sum : sums) extreme += std::abs(sum) >= observed ? 1 : 0;
  }
  return static_cast<double>(extreme) / static_cast<double>(kRandomFlips + 1);
}

double least_sign_flip_p(std::size_t pairs) {
  if (pairs == 0) return 1.0;
  const double exact = std::ldexp(2.0, -static_cast<int>(std::min<std::size_t>(pairs, 60)));
  // Random flips give none below that of one flip among them.
  return pairs <= kExactPairs ? exact
                              : std::max(exact, 1.0 / static_cast<double>(kRandomFlips + 1));
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
