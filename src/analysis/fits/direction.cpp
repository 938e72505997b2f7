#include "analysis/fits/direction.hpp"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "analysis/student_distribution.hpp"
#include "spurion/analysis/statistics.hpp"

namespace spurion::analysis::fits {

namespace {

using Pairs = std::vector<std::pair<std::size_t, std::size_t>>;

/// Scales that differ on this axis alone, the smaller one first.
Pairs pairs_along(const ScaleTable& table, std::size_t axis) {
  Pairs pairs;
  for (std::size_t i = 0; i < table.size(); ++i) {
    for (std::size_t j = i + 1; j < table.size(); ++j) {
      std::vector<double> other = table.scales[j];
      other[axis] = table.scales[i][axis];
      if (other == table.scales[i]) pairs.emplace_back(i, j);  // scales are in lexical order
    }
  }
  return pairs;
}

/// Standard deviations of differences over resamples; they hold the widening for few seeds.
std::vector<double> spreads(const ScaleTable& table, const Pairs& pairs) {
  std::vector<double> out;
  for (const auto& [i, j] : pairs) {
    double sum = 0.0;
    for (const std::vector<double>& errors : table.errors) {
      sum += (errors[j] - errors[i]) * (errors[j] - errors[i]);
    }
    out.push_back(std::sqrt(sum / static_cast<double>(table.errors.size())));
  }
  return out;
}

BySeed change_by_seed(const ScaleTable& table) {
  BySeed out;
  for (std::size_t s = 0; s < table.seeds.size(); ++s) {
    const double change = table.value(s, table.last) - table.value(s, table.first);
    if (!std::isnan(change)) out[table.seeds[s]] = change;
  }
  return out;
}

BySeed shifted(BySeed values, double by) {
  for (auto& [seed, value] : values) value -= by;
  return values;
}

double noise_of_mean(const ScaleTable& table, std::size_t scale) {
  return table.noise[scale] / std::sqrt(static_cast<double>(table.counts[scale]));
}

double noise_of_change(const ScaleTable& table) {
  return std::hypot(noise_of_mean(table, table.first), noise_of_mean(table, table.last));
}

}  // namespace

DirectionTest direction_test(const ScaleTable& table, bool rises, std::size_t axis) {
  DirectionTest out;
  if (table.size() < 2 || table.fewest < 2) return out;
  const double sign = rises ? 1.0 : -1.0;
  const Pairs pairs = pairs_along(table, axis);
  const std::vector<double> deviations = spreads(table, pairs);
  double best = 0.0;
  for (std::size_t k = 0; k < pairs.size(); ++k) {
    const double change = table.means[pairs[k].second] - table.means[pairs[k].first];
    if (!(sign * change > 0.0)) continue;
    const double t = deviations[k] > 0.0 ? sign * change / deviations[k] : 1e9;
    if (t > best) {
      best = t;
      out.change = change;
    }
  }
  double worse = 1.0;
  for (const std::vector<double>& errors : table.errors) {
    double most = 0.0;
    for (std::size_t k = 0; k < pairs.size(); ++k) {
      if (!(deviations[k] > 0.0)) continue;
      most =
          std::max(most, sign * (errors[pairs[k].second] - errors[pairs[k].first]) / deviations[k]);
    }
    worse += most >= best ? 1.0 : 0.0;
  }
  out.p = std::min(1.0, worse / static_cast<double>(table.errors.size() + 1));
  if (worse > 1.0) return out;
  // Beyond what resamples tell: Bonferroni over pairs.
  const double tail = 2.0 * student_probability(-best, table.freedom());
  out.p = std::min(out.p, static_cast<double>(pairs.size()) * tail);
  return out;
}

DirectionTests direction_tests(const ScaleTable& table) {
  const auto axes = static_cast<double>(table.axes());
  DirectionTests best;
  for (std::size_t axis = 0; axis < table.axes(); ++axis) {
    DirectionTests own{direction_test(table, false, axis), direction_test(table, true, axis)};
    for (DirectionTest* one : {&own.falls, &own.rises}) one->p = std::min(1.0, axes * one->p);
    const auto weaker = [](const DirectionTests& both) {
      return std::max(both.falls.p, both.rises.p);
    };
    if (axis == 0 || weaker(own) < weaker(best)) best = own;
  }
  return best;
}

Estimate paired_change(const ScaleTable& table, const std::string& key) {
  const BySeed changes = change_by_seed(table);
  if (changes.empty()) return {};
  return mean_over_seeds({changes}, key, noise_of_change(table));
}

double open_p(const ScaleTable& table, double value) {
  return student_p({shifted(table.by_seed(table.last), value)}, noise_of_mean(table, table.last));
}

double change_p(const ScaleTable& table, double value) {
  const BySeed changes = change_by_seed(table);
  if (changes.empty()) return 1.0;
  return student_p({shifted(changes, value)}, noise_of_change(table));
}

Estimate gap_at(const ScaleTable& table, std::size_t scale, const std::string& key) {
  return mean_over_seeds({table.by_seed(scale)}, key, noise_of_mean(table, scale));
}

}  // namespace spurion::analysis::fits
