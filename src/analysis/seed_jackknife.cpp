#include "analysis/seed_jackknife.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "analysis/student_distribution.hpp"

namespace spurion::analysis {

namespace {

constexpr std::size_t kMostSeedGroups = 200;
/// More replicates that are NaN than this share leave a number without an error.
constexpr double kMostWithoutNumber = 0.05;
constexpr double kLevelOfIntervals = 0.05;

}  // namespace

Jackknifed Jackknifed::made(const Numbers& of) const {
  Jackknifed out;
  out.values = of(values);
  out.drawn.reserve(drawn.size());
  for (const std::vector<double>& one : drawn) out.drawn.push_back(of(one));
  out.items = items;
  out.seeds = seeds;
  out.freedom = freedom;
  return out;
}

double Jackknifed::error(std::size_t number) const {
  constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
  if (drawn.size() < 2 || std::isnan(values[number])) return kNone;
  double sum = 0.0;
  double count = 0.0;
  for (const std::vector<double>& one : drawn) {
    if (std::isnan(one[number])) continue;
    sum += one[number];
    count += 1.0;
  }
  const auto groups = static_cast<double>(drawn.size());
  if (count < 2.0 || groups - count > kMostWithoutNumber * groups) return kNone;
  const double centre = sum / count;
  double squares = 0.0;
  for (const std::vector<double>& one : drawn) {
    if (!std::isnan(one[number])) squares += (one[number] - centre) * (one[number] - centre);
  }
  return std::sqrt((count - 1.0) / count * squares);
}

Estimate Jackknifed::estimate(std::size_t number, const Range& range) const {
  Estimate out;
  out.value = out.low = out.high = values[number];
  out.seeds = seeds;
  if (std::isnan(out.value)) return out;
  if (drawn.size() < 2) {
    out.count = items;
    return out;
  }
  const double spread = error(number);
  if (std::isnan(spread)) return out;
  out.count = items;
  const double half = student_quantile(1.0 - 0.5 * kLevelOfIntervals, freedom) * spread;
  out.low -= half;
  out.high += half;
  return confined(out, range);
}

double Jackknifed::p(std::size_t number, double bound) const {
  const double spread = error(number);
  if (std::isnan(spread)) return 1.0;
  const double away = std::abs(values[number] - bound);
  if (away == 0.0) return 1.0;
  // Seeds that all say the same do not tell how sure it is. That all say exactly 0 needs no spread.
  if (spread <= kRounding * std::abs(values[number])) return values[number] == 0.0 ? 0.0 : 1.0;
  return std::min(1.0, 2.0 * student_probability(-away / spread, freedom));
}

double Jackknifed::p_above(std::size_t number, double bound) const {
  return values[number] > bound ? p(number, bound) : 1.0;
}

double Jackknifed::p_below(std::size_t number, double bound) const {
  return values[number] < bound ? p(number, bound) : 1.0;
}

std::vector<std::size_t> seed_groups(const std::vector<std::int64_t>& seeds) {
  std::vector<std::int64_t> all = seeds;
  std::sort(all.begin(), all.end());
  all.erase(std::unique(all.begin(), all.end()), all.end());
  std::vector<std::size_t> groups;
  groups.reserve(seeds.size());
  for (const std::int64_t seed : seeds) {
    const auto place = std::lower_bound(all.begin(), all.end(), seed) - all.begin();
    groups.push_back(static_cast<std::size_t>(place) % kMostSeedGroups);
  }
  return groups;
}

Jackknifed jackknife_over_seeds(const std::vector<std::int64_t>& seeds,
                                const ItemStatistic& statistic) {
  Jackknifed out;
  std::vector<std::size_t> items(seeds.size());
  std::iota(items.begin(), items.end(), std::size_t{0});
  out.values = statistic(items);
  out.items = static_cast<std::int64_t>(seeds.size());
  std::vector<std::int64_t> all = seeds;
  std::sort(all.begin(), all.end());
  out.seeds = std::unique(all.begin(), all.end()) - all.begin();
  const std::vector<std::size_t> group_of = seed_groups(seeds);
  const std::size_t groups =
      group_of.empty() ? 0 : *std::max_element(group_of.begin(), group_of.end()) + 1;
  if (groups < 2) return out;
  out.freedom = static_cast<double>(groups - 1);
  std::vector<std::size_t> kept;
  for (std::size_t group = 0; group < groups; ++group) {
    kept.clear();
    for (const std::size_t item : items) {
      if (group_of[item] != group) kept.push_back(item);
    }
    out.drawn.push_back(statistic(kept));
  }
  return out;
}

}  // namespace spurion::analysis
