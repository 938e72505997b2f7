#include "analysis/fits/seed_modes.hpp"

#include <algorithm>
#include <cmath>
#include <map>

#include "analysis/normal_distribution.hpp"
#include "spurion/random.hpp"

namespace spurion::analysis::fits {

namespace {

constexpr std::int64_t kUniformDraws = 2000;
/// Modes of fewer seeds cannot be told from one.
constexpr std::int64_t kFewestForModes = 8;

}  // namespace

TwoModes split_in_two(std::vector<double> values) {
  TwoModes best;
  const std::size_t n = values.size();
  if (n < 4) return best;
  std::sort(values.begin(), values.end());
  double total = 0.0;
  double squares = 0.0;
  for (const double value : values) total += value;
  const double mean = total / static_cast<double>(n);
  for (const double value : values) squares += (value - mean) * (value - mean);
  if (!(squares > 0.0)) return best;
  const std::size_t least = std::max<std::size_t>(2, (n + 9) / 10);
  double below = 0.0;
  for (std::size_t cut = 1; cut + least <= n; ++cut) {
    below += values[cut - 1];
    if (cut < least) continue;
    const auto lower = static_cast<double>(cut);
    const auto upper = static_cast<double>(n - cut);
    const double low = below / lower;
    const double high = (total - below) / upper;
    const double between = lower * upper / (lower + upper) * (high - low) * (high - low);
    const double ratio = std::max(0.0, 1.0 - between / squares);
    if (ratio < best.ratio) best = {low, high, lower / static_cast<double>(n), ratio};
  }
  return best;
}

double one_mode_p(double ratio, std::size_t count) {
  const RandomStream stream(RandomKey(0).child("one mode").child(count));
  std::vector<double> values(count);
  double smaller = 1.0;
  for (std::int64_t draw = 0; draw < kUniformDraws; ++draw) {
    stream.fill_uniform(draw, 1, static_cast<std::int64_t>(count), values.data());
    smaller += split_in_two(values).ratio <= ratio ? 1.0 : 0.0;
  }
  return smaller / static_cast<double>(kUniformDraws + 1);
}

double find_modes(const ScaleTable& table, const ScalingOptions& options,
                  std::vector<ScaleSummary>& scales) {
  const std::size_t largest = std::min<std::size_t>(2, table.axes() > 1 ? 1 : table.size());
  double p = 1.0;
  for (std::size_t i = 0; i < table.size(); ++i) {
    std::vector<double> values;
    for (const auto& [seed, value] : table.by_seed(i)) values.push_back(value);
    const TwoModes modes = split_in_two(values);
    ScaleSummary& scale = scales[i];
    scale.low_mode = modes.low;
    scale.high_mode = modes.high;
    scale.share_low = modes.share;
    // A normal distribution is cut to a ratio of .36, a uniform one to .25.
    constexpr double kMostRatio = 0.25;
    const bool apart = modes.high - modes.low > options.margin && modes.ratio < kMostRatio;
    if (table.counts[i] < kFewestForModes || !apart) continue;
    const double own = one_mode_p(modes.ratio, values.size());
    scale.two_modes = own <= 1.0 - options.level;
    const bool is_largest = table.axes() > 1 ? i == table.last : i + largest >= table.size();
    if (is_largest) p = std::min({p, 1.0, own * static_cast<double>(largest)});
  }
  return p;
}

Estimate share_of(std::int64_t hits, std::int64_t n, double level) {
  const auto count = static_cast<double>(n);
  const double share = static_cast<double>(hits) / count;
  const double z = probit(0.5 + 0.5 * level);
  const double centre = (share + 0.5 * z * z / count) / (1.0 + z * z / count);
  const double half = z / (1.0 + z * z / count) *
                      std::sqrt(share * (1.0 - share) / count + 0.25 * z * z / (count * count));
  return {share, std::max(0.0, centre - half), std::min(1.0, centre + half), n, n};
}

}  // namespace spurion::analysis::fits
