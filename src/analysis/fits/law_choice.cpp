#include "analysis/fits/law_choice.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "analysis/fits/repeated_fit.hpp"

namespace spurion::analysis::fits {

namespace {

/// A broken law with all its parameters needs so many scales, beside those held out.
constexpr std::size_t kScalesOfBroken = 8;
constexpr std::size_t kCurvePoints = 61;
/// Places of grids that the resamples of a band visit in all: a law whose grid has thousands of
/// places gets fewer resamples, at least `kFewestResamples`.
constexpr std::size_t kVisitedPlaces = 200000;
constexpr std::size_t kFewestResamples = 150;

/// Every how many resamples count for a law.
std::size_t step_of(const ScaleTable& table, const CurveFamily& family) {
  std::size_t places = 1;
  for (const ShapeParameter& parameter : family.shape) places *= parameter.grid;
  const std::size_t wanted = std::max(kFewestResamples, kVisitedPlaces / places);
  return std::max<std::size_t>(1, table.errors.size() / wanted);
}

double root_mean_square(const std::vector<double>& values) {
  double sum = 0.0;
  for (const double value : values) sum += value * value;
  return std::sqrt(sum / static_cast<double>(values.size()));
}

/// Logs and deviations of the scales that are not held out, for refits.
RepeatedFit without_held_out(const ScaleTable& table, const CurveFamily& family) {
  std::vector<std::vector<double>> logs;
  std::vector<double> deviations;
  for (std::size_t i = 0; i < table.size(); ++i) {
    if (table.is_held_out(i)) continue;
    logs.push_back(table.logs[i]);
    deviations.push_back(table.deviations[i]);
  }
  return {family, std::move(logs), deviations};
}

/// The largest scale that is not held out.
std::size_t last_seen(const ScaleTable& table) {
  std::size_t best = table.first;
  double most = -std::numeric_limits<double>::infinity();
  for (std::size_t i = 0; i < table.size(); ++i) {
    double size = 0.0;
    for (const double one : table.logs[i]) size += one;
    if (!table.is_held_out(i) && size > most) {
      most = size;
      best = i;
    }
  }
  return best;
}

RankedLaw rank_law(const ScaleTable& table, const CurveFamily& family) {
  RankedLaw out{family, fit_curve(family, table.observations(true)), {}};
  FittedLaw& law = out.law;
  law.family = family.kind;
  law.name = family.name;
  law.formula = family.formula;
  law.parameters = out.all.parameters();
  law.loss = out.all.fit.loss;
  for (const std::vector<double>& scale : table.scales) law.predicted.push_back(out.all.at(scale));
  const std::vector<Observation> seen = table.observations(false);
  if (seen.size() < family.free()) return out;
  const CurveFit part = fit_curve(family, seen);
  std::vector<double> errors;
  for (const std::size_t place : table.held_out) {
    law.extrapolated.push_back(part.at(table.scales[place]));
    errors.push_back(law.extrapolated.back() - table.means[place]);
  }
  law.held_out_error = root_mean_square(errors);
  return out;
}

}  // namespace

std::vector<CurveFamily> families_for(const ScaleTable& table, const ScalingOptions& options) {
  const ExponentRange range{options.least_exponent};
  if (table.axes() > 1) {
    return {constant_family(), joint_family(table.axes(), false, range),
            joint_family(table.axes(), true, range)};
  }
  std::vector<CurveFamily> out{constant_family(), closing_family(range), plateau_family(range),
                               bounded_family(options.bound, range)};
  const bool many = table.size() >= kScalesOfBroken + table.held_out.size();
  out.push_back(many ? broken_family() : short_broken_family());
  return out;
}

std::vector<RankedLaw> rank_laws(const ScaleTable& table, const ScalingOptions& options) {
  std::vector<RankedLaw> out;
  for (const CurveFamily& family : families_for(table, options)) {
    if (family.free() <= table.size()) out.push_back(rank_law(table, family));
  }
  std::stable_sort(out.begin(), out.end(), [](const RankedLaw& a, const RankedLaw& b) {
    return a.law.held_out_error < b.law.held_out_error;
  });
  return out;
}

Extrapolation extrapolate(const ScaleTable& table, const RankedLaw& ranked,
                          const ScalingOptions& options) {
  Extrapolation out;
  out.held_out = static_cast<std::int64_t>(table.held_out.size());
  out.seed_noise = table.deviations[table.last];
  if (ranked.law.extrapolated.empty()) return out;
  std::vector<double> carried;
  for (const std::size_t place : table.held_out) {
    carried.push_back(table.means[last_seen(table)] - table.means[place]);
  }
  out.carried_error = root_mean_square(carried);
  out.law_error = ranked.law.held_out_error;
  out.beats_carried = out.law_error < out.carried_error;
  const RepeatedFit fit = without_held_out(table, ranked.family);
  std::vector<double> at_largest;
  double worse = 1.0;
  std::vector<double> seen;
  std::vector<double> errors(table.held_out.size());
  const std::size_t step = step_of(table, ranked.family);
  for (std::size_t r = 0; r < table.errors.size(); r += step) {
    seen.clear();
    for (std::size_t i = 0; i < table.size(); ++i) {
      if (!table.is_held_out(i)) seen.push_back(ranked.law.predicted[i] + table.errors[r][i]);
    }
    const FittedShape law = fit.fit(seen);
    for (std::size_t i = 0; i < errors.size(); ++i) {
      const std::size_t place = table.held_out[i];
      errors[i] = ranked.family.at(law.shape.data(), law.linear.data(), table.logs[place].data()) -
                  ranked.law.predicted[place] - table.errors[r][place];
    }
    at_largest.push_back(errors.back());
    worse += root_mean_square(errors) >= out.law_error ? 1.0 : 0.0;
  }
  out.p = std::min(1.0, worse / static_cast<double>(at_largest.size() + 1));
  const double error = ranked.law.extrapolated.back() - table.means[table.last];
  const double half = 0.5 - 0.5 * options.level;
  out.error = {error, error - quantile_of(at_largest, 1.0 - half),
               error - quantile_of(at_largest, half), out.held_out, table.fewest};
  out.error.low = std::min(out.error.low, error);
  out.error.high = std::max(out.error.high, error);
  return out;
}

std::vector<CurvePoint> law_curve(const ScaleTable& table, const RankedLaw& ranked,
                                  const ScalingOptions& options) {
  if (table.axes() > 1) return {};
  const RepeatedFit fit(ranked.family, table.logs, table.deviations);
  const double low = table.logs[table.first].front();
  const double high = table.logs[table.last].front() + std::log(10.0);
  const std::size_t step = step_of(table, ranked.family);
  std::vector<std::vector<double>> drawn(kCurvePoints);
  const auto log_scale = [&](std::size_t i) {
    return low + (high - low) * static_cast<double>(i) / static_cast<double>(kCurvePoints - 1);
  };
  std::vector<double> values(table.size());
  for (std::size_t r = 0; r < table.errors.size(); r += step) {
    for (std::size_t i = 0; i < table.size(); ++i) {
      values[i] = ranked.law.predicted[i] + table.errors[r][i];
    }
    const FittedShape law = fit.fit(values);
    for (std::size_t i = 0; i < kCurvePoints; ++i) {
      const double place = log_scale(i);
      drawn[i].push_back(ranked.family.at(law.shape.data(), law.linear.data(), &place));
    }
  }
  std::vector<CurvePoint> out;
  for (std::size_t i = 0; i < kCurvePoints; ++i) {
    CurvePoint point;
    point.scale = table.reference.front() * std::exp(log_scale(i));
    point.value = ranked.all.at({point.scale});
    point.low = std::min(point.value, quantile_of(drawn[i], 0.5 - 0.5 * options.level));
    point.high = std::max(point.value, quantile_of(drawn[i], 0.5 + 0.5 * options.level));
    // Families do not know the range of the number.
    for (double* one : {&point.value, &point.low, &point.high}) {
      *one = std::clamp(*one, options.least_value, options.most_value);
    }
    out.push_back(point);
  }
  return out;
}

}  // namespace spurion::analysis::fits
