#include "analysis/rank_agreement.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "analysis/student_distribution.hpp"
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

constexpr double kOneTail = 0.025;
/// With fewer seeds a full agreement of orders is likely by chance: 2 / 5! is below .05.
constexpr std::int64_t kLeastSeedsOfOrder = 5;

bool all_agree(const Jackknifed& tau) { return std::abs(tau.values.front()) > 1.0 - kRounding; }

/// The error of artanh(tau).
double spread_of_z(double tau, double spread) { return spread / (1.0 - tau * tau); }

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
  const auto seeds = static_cast<double>(tau.seeds);
  if (all_agree(tau)) {
    const double end = tau.seeds < kLeastSeedsOfOrder ? -1.0 : std::pow(kOneTail, 2.0 / seeds);
    (value > 0.0 ? out.low : out.high) = value > 0.0 ? end : -end;
    return out;
  }
  const double half = student_quantile(1.0 - kOneTail, tau.freedom) * spread_of_z(value, spread);
  out.low = std::tanh(std::atanh(value) - half);
  out.high = std::tanh(std::atanh(value) + half);
  return out;
}

double tau_p(const Jackknifed& tau, double bound) {
  const double value = tau.values.front();
  const double spread = tau.error(0);
  if (std::isnan(value) || std::isnan(spread)) return 1.0;
  if (all_agree(tau)) {
    if (tau.seeds < kLeastSeedsOfOrder) return 1.0;
    const double towards = std::max(0.0, value > 0.0 ? bound : -bound);
    return std::min(1.0, 2.0 * std::pow(towards, 0.5 * static_cast<double>(tau.seeds)));
  }
  const double away = std::abs(std::atanh(value) - std::atanh(bound));
  const double error = spread_of_z(value, spread);
  if (!(error > 0.0)) return 1.0;
  return std::min(1.0, 2.0 * student_probability(-away / error, tau.freedom));
}

}  // namespace spurion::analysis
