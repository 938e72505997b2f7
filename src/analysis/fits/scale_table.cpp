#include "analysis/fits/scale_table.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <set>

#include "analysis/normal_distribution.hpp"
#include "analysis/student_distribution.hpp"
#include "core/random_fill.hpp"
#include "spurion/error.hpp"
#include "spurion/random.hpp"

namespace spurion::analysis::fits {

namespace {

/// The variance of all scales counts as so many degrees of freedom in that of one scale: few seeds
/// tell little of how their spread depends on scale.
constexpr double kSharedFreedom = 4.0;

void check_points(const std::vector<ScalingPoint>& points) {
  if (points.empty()) throw UsageError("no points to fit");
  const std::size_t axes = points.front().scale.size();
  for (const ScalingPoint& point : points) {
    if (point.scale.size() != axes || axes < 1 || axes > 3) {
      throw UsageError("all points of a fit have the same number of axes, from 1 to 3");
    }
    const bool positive = std::all_of(point.scale.begin(), point.scale.end(),
                                      [](double one) { return one > 0.0 && std::isfinite(one); });
    if (!positive) throw UsageError("a scale is above 0");
    if (!std::isfinite(point.value) || !(point.noise >= 0.0) || !std::isfinite(point.noise)) {
      throw UsageError("a value and its noise are finite, and the noise is at least 0");
    }
  }
}

void fill_values(const std::vector<ScalingPoint>& points, ScaleTable& table) {
  std::set<std::vector<double>> scales;
  std::set<std::int64_t> seeds;
  for (const ScalingPoint& point : points) {
    scales.insert(point.scale);
    seeds.insert(point.seed);
  }
  table.scales.assign(scales.begin(), scales.end());
  table.seeds.assign(seeds.begin(), seeds.end());
  const std::size_t m = table.size();
  std::vector<double> repeats(m * table.seeds.size());
  std::vector<double> squared_noise(m);
  table.values.assign(m * table.seeds.size(), 0.0);
  table.counts.assign(m, 0);
  for (const ScalingPoint& point : points) {
    const auto scale = static_cast<std::size_t>(
        std::lower_bound(table.scales.begin(), table.scales.end(), point.scale) -
        table.scales.begin());
    const auto seed = static_cast<std::size_t>(
        std::lower_bound(table.seeds.begin(), table.seeds.end(), point.seed) - table.seeds.begin());
    table.values[seed * m + scale] += point.value;
    repeats[seed * m + scale] += 1.0;
    squared_noise[scale] += point.noise * point.noise;
  }
  std::vector<double> trials(m);
  for (std::size_t i = 0; i < repeats.size(); ++i) {
    table.counts[i % m] += repeats[i] > 0.0 ? 1 : 0;
    trials[i % m] += repeats[i];
    table.values[i] =
        repeats[i] > 0.0 ? table.values[i] / repeats[i] : std::numeric_limits<double>::quiet_NaN();
  }
  for (std::size_t i = 0; i < m; ++i) {
    // A seed with several trials has the noise of their mean.
    const double each = trials[i] / static_cast<double>(table.counts[i]);
    table.noise.push_back(std::sqrt(squared_noise[i] / trials[i] / each));
  }
}

void fill_spread(ScaleTable& table) {
  double pooled = 0.0;
  double freedom = 0.0;
  std::vector<double> squares(table.size());
  table.fewest = *std::min_element(table.counts.begin(), table.counts.end());
  for (std::size_t i = 0; i < table.size(); ++i) {
    const BySeed own = table.by_seed(i);
    double sum = 0.0;
    for (const auto& [seed, value] : own) sum += value;
    table.means.push_back(sum / static_cast<double>(own.size()));
    for (const auto& [seed, value] : own) {
      squares[i] += (value - table.means[i]) * (value - table.means[i]);
    }
    pooled += squares[i];
    freedom += static_cast<double>(own.size()) - 1.0;
  }
  pooled = freedom > 0.0 ? pooled / freedom : 0.0;
  for (std::size_t i = 0; i < table.size(); ++i) {
    const double own = static_cast<double>(table.counts[i]) - 1.0;
    table.seed_deviations.push_back(own > 0.0 ? std::sqrt(squares[i] / own) : 0.0);
    const double shrunk = (squares[i] + kSharedFreedom * pooled) / (own + kSharedFreedom);
    const double variance = std::max(shrunk, table.noise[i] * table.noise[i]);
    const double least = 1e-9 * std::max(1.0, std::abs(table.means[i]));
    table.deviations.push_back(
        std::max(least, std::sqrt(variance / static_cast<double>(table.counts[i]))));
  }
}

void fill_order(const ScalingOptions& options, ScaleTable& table) {
  table.reference = reference_scales(table.observations(true));
  table.logs = log_scales(table.observations(true), table.reference);
  std::vector<double> sizes;
  for (const auto& logs : table.logs)
    sizes.push_back(std::accumulate(logs.begin(), logs.end(), 0.0));
  std::vector<std::size_t> order(table.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return sizes[a] < sizes[b]; });
  table.first = order.front();
  table.last = order.back();
  std::size_t count = table.size() >= 8 ? 2 : 1;
  if (options.held_out > 0) count = static_cast<std::size_t>(options.held_out);
  count = std::min(count, table.size() - 1);
  table.held_out.assign(order.end() - static_cast<std::ptrdiff_t>(count), order.end());
}

void fill_errors(const ScalingOptions& options, const std::string& key, ScaleTable& table) {
  const std::size_t m = table.size();
  const auto n = static_cast<std::int64_t>(table.seeds.size());
  const double tail = 0.5 + 0.5 * options.level;
  const double student = student_quantile(tail, table.freedom()) / probit(tail);
  const RandomKey root = RandomKey(0).child("scaling").child(key);
  const RandomKey picks_key = root.child("seeds");
  const RandomStream noise(root.child("noise"));
  std::vector<double> widening(m);
  std::vector<double> lacking(m);
  for (std::size_t i = 0; i < m; ++i) {
    const auto count = static_cast<double>(table.counts[i]);
    widening[i] = student * (count > 1.0 ? std::sqrt(count / (count - 1.0)) : 1.0);
    const double seen = table.seed_deviations[i] * table.seed_deviations[i];
    const double floor = table.noise[i] * table.noise[i];
    lacking[i] = student * std::sqrt(std::max(0.0, floor - seen) / count);
  }
  std::vector<std::int64_t> picks(table.seeds.size());
  table.errors.assign(static_cast<std::size_t>(options.resamples), std::vector<double>(m));
  for (std::size_t r = 0; r < table.errors.size(); ++r) {
    core::fill_below(picks_key, n, static_cast<std::int64_t>(r), n, picks.data());
    for (std::size_t i = 0; i < m; ++i) {
      double sum = 0.0;
      double count = 0.0;
      for (const std::int64_t pick : picks) {
        const double value = table.value(static_cast<std::size_t>(pick), i);
        if (std::isnan(value)) continue;
        sum += value;
        count += 1.0;
      }
      double error = count > 0.0 ? widening[i] * (sum / count - table.means[i]) : 0.0;
      if (lacking[i] > 0.0) {
        error +=
            lacking[i] * noise.normal(static_cast<std::int64_t>(r), static_cast<std::int64_t>(i));
      }
      table.errors[r][i] = error;
    }
  }
}

}  // namespace

BySeed ScaleTable::by_seed(std::size_t scale) const {
  BySeed out;
  for (std::size_t s = 0; s < seeds.size(); ++s) {
    if (!std::isnan(value(s, scale))) out[seeds[s]] = value(s, scale);
  }
  return out;
}

bool ScaleTable::is_held_out(std::size_t scale) const {
  return std::find(held_out.begin(), held_out.end(), scale) != held_out.end();
}

std::vector<Observation> ScaleTable::observations(bool all) const {
  std::vector<Observation> out;
  for (std::size_t i = 0; i < size(); ++i) {
    if (all || !is_held_out(i)) out.push_back({scales[i], means[i], deviations[i]});
  }
  return out;
}

ScaleTable tabulate(const std::vector<ScalingPoint>& points, const ScalingOptions& options,
                    const std::string& key) {
  check_points(points);
  if (options.resamples < 1) throw UsageError("resamples is at least 1");
  ScaleTable table;
  fill_values(points, table);
  fill_spread(table);
  fill_order(options, table);
  fill_errors(options, key, table);
  return table;
}

double quantile_of(std::vector<double>& values, double share) {
  if (values.empty()) return std::numeric_limits<double>::quiet_NaN();
  std::sort(values.begin(), values.end());
  const double place = share * static_cast<double>(values.size() - 1);
  const auto below = static_cast<std::size_t>(place);
  const std::size_t above = std::min(below + 1, values.size() - 1);
  return values[below] + (place - static_cast<double>(below)) * (values[above] - values[below]);
}

double excess_p(double excess, double threshold, double level, double freedom) {
  if (!(threshold > 0.0)) return excess > 0.0 ? 0.0 : 1.0;
  const double at_level = student_quantile(0.5 + 0.5 * level, freedom);
  const double t = at_level * std::sqrt(std::max(0.0, excess) / threshold);
  return std::min(1.0, 2.0 * student_probability(-t, freedom));
}

}  // namespace spurion::analysis::fits
