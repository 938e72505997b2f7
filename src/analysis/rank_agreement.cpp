#include "analysis/rank_agreement.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "spurion/error.hpp"

namespace spurion::analysis {

namespace {

constexpr double kNoTau = std::numeric_limits<double>::quiet_NaN();

/// -1, 0 or 1; numbers that differ by rounding are equal.
int sign_of_difference(double a, double b) {
  if (std::abs(a - b) <= kRounding * std::max(std::abs(a), std::abs(b))) return 0;
  return a < b ? -1 : 1;
}

/// What pairs of models add to tau-b.
struct PairCounts {
  double together = 0.0;
  double apart_in_x = 0.0;
  double apart_in_y = 0.0;

  void add(int in_x, int in_y) {
    together += in_x * in_y;
    apart_in_x += in_x != 0 ? 1.0 : 0.0;
    apart_in_y += in_y != 0 ? 1.0 : 0.0;
  }
  [[nodiscard]] double without(const PairCounts& other) const {
    const double x = apart_in_x - other.apart_in_x;
    const double y = apart_in_y - other.apart_in_y;
    return x > 0.0 && y > 0.0 ? (together - other.together) / std::sqrt(x * y) : kNoTau;
  }
};

}  // namespace

Jackknifed jackknifed_tau(const RankedModels& models) {
  const std::size_t count = models.x.size();
  if (count > kMostRankedModels) throw LogicError("too many models to compare all pairs");
  const std::vector<std::size_t> group = seed_groups(models.seeds);
  const std::size_t groups = group.empty() ? 0 : *std::max_element(group.begin(), group.end()) + 1;
  PairCounts all;
  std::vector<PairCounts> touching(groups);  // pairs with a model of the group
  for (std::size_t i = 0; i < count; ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      const int in_x = sign_of_difference(models.x[i], models.x[j]);
      const int in_y = sign_of_difference(models.y[i], models.y[j]);
      all.add(in_x, in_y);
      touching[group[i]].add(in_x, in_y);
      if (group[j] != group[i]) touching[group[j]].add(in_x, in_y);
    }
  }
  Jackknifed out;
  out.values = {all.without({})};
  out.items = static_cast<std::int64_t>(count);
  std::vector<std::int64_t> seeds = models.seeds;
  std::sort(seeds.begin(), seeds.end());
  out.seeds = std::unique(seeds.begin(), seeds.end()) - seeds.begin();
  if (groups < 2) return out;
  out.freedom = static_cast<double>(groups - 1);
  for (const PairCounts& one : touching) out.drawn.push_back({all.without(one)});
  return out;
}

Estimate tau_interval(const Jackknifed& tau) {
  const double value = tau.values.front();
  Estimate out = tau.estimate(0, kDifference);
  const double spread = tau.error(0);
  if (std::isnan(value) || std::isnan(spread)) return out;
  if (std::abs(value) > 1.0 - kRounding) {
    const double pairs = std::floor(0.5 * static_cast<double>(tau.seeds));
    if (pairs < 1.0) return out;
    const double most_apart = 1.0 - std::pow(0.05, 1.0 / pairs);
    const double end = std::max(-1.0, 1.0 - 2.0 * most_apart);
    (value > 0.0 ? out.low : out.high) = value > 0.0 ? end : -end;
    return out;
  }
  const double half = student_quantile(0.975, tau.freedom) * spread / (1.0 - value * value);
  out.low = std::tanh(std::atanh(value) - half);
  out.high = std::tanh(std::atanh(value) + half);
  return out;
}

}  // namespace spurion::analysis
