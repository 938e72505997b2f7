#include "analysis/fits/asymptote.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "analysis/fits/repeated_fit.hpp"
#include "analysis/fits/verdict.hpp"
#include "spurion/analysis/statistics.hpp"

namespace spurion::analysis::fits {

namespace {

constexpr int kProfilePoints = 41;
constexpr int kExponentPoints = 160;

std::vector<double> sum_of(const std::vector<double>& a, const std::vector<double>& b) {
  std::vector<double> out(a.size());
  for (std::size_t i = 0; i < a.size(); ++i) out[i] = a[i] + b[i];
  return out;
}

/// Of power laws the only shape; of the bounded law the second.
std::size_t exponent_place(const CurveFamily& family) {
  return family.kind == LawFamily::bounded ? 1 : 0;
}

/// The profile of g_inf.
class Profile {
 public:
  Profile(const RepeatedFit& fit, const std::vector<double>& means, std::size_t g_inf)
      : fit_(fit), means_(means), g_inf_(g_inf), best_(fit.fit(means)) {}

  [[nodiscard]] const FittedShape& best() const { return best_; }
  [[nodiscard]] double value() const { return best_.linear[g_inf_]; }
  [[nodiscard]] double excess(double g) const {
    return std::max(0.0, fit_.fit(means_, Held{g_inf_, g}).loss - best_.loss);
  }
  /// The last value in the direction of `bound` whose excess is at most the threshold.
  [[nodiscard]] double end(double bound, double step, double threshold) const {
    const double sign = bound >= value() ? 1.0 : -1.0;
    double inside = value();
    while (true) {
      const double next = inside + sign * step;
      const bool past = sign * (next - bound) >= 0.0;
      const double tried = past ? bound : next;
      if (excess(tried) > threshold) return between(inside, tried, threshold);
      if (past) return bound;
      inside = tried;
      step *= 1.6;
    }
  }

 private:
  [[nodiscard]] double between(double inside, double outside, double threshold) const {
    for (int i = 0; i < 30; ++i) {
      const double middle = 0.5 * (inside + outside);
      (excess(middle) > threshold ? outside : inside) = middle;
    }
    return inside;
  }

  const RepeatedFit& fit_;
  const std::vector<double>& means_;
  std::size_t g_inf_;
  FittedShape best_;
};

/// The exponents whose loss, all else free, is within the threshold. Only of laws with one shape.
void fill_exponents(const RepeatedFit& fit, const std::vector<double>& means, double limit,
                    Asymptote& out) {
  const ShapeParameter& parameter = fit.family().shape.front();
  ShapeParameter fine = parameter;
  fine.grid = kExponentPoints;
  for (std::size_t i = 0; i < fine.grid; ++i) {
    std::array<double, kMostParameters> shape{};
    shape[0] = fine.place(i);
    if (fit.at_shape(shape, means).loss > limit) continue;
    out.exponent.low = std::min(out.exponent.low, shape[0]);
    out.exponent.high = std::max(out.exponent.high, shape[0]);
  }
  out.exponent_at_bound = out.exponent.low <= parameter.low * (1.0 + 1e-9);
}

}  // namespace

FoundAsymptote find_asymptote(const ScaleTable& table, const CurveFamily& family,
                              const ScalingOptions& options) {
  FoundAsymptote found;
  Asymptote& out = found.asymptote;
  out.family = family.kind;
  const std::size_t g_inf = *family.asymptote();
  const RepeatedFit fit(family, table.logs, table.deviations);
  const Profile profile(fit, table.means, g_inf);
  const FittedShape& best = profile.best();
  const std::vector<double> law = fit.curve(best);
  found.loss = best.loss;
  std::vector<double> excesses;
  double worse = 1.0;
  const std::size_t amplitude = g_inf == 0 ? 1 : 0;
  for (const std::vector<double>& errors : table.errors) {
    const std::vector<double> drawn = sum_of(law, errors);
    const FittedShape free = fit.fit(drawn);
    const FittedShape held = fit.fit(drawn, Held{g_inf, profile.value()});
    excesses.push_back(std::max(0.0, held.loss - free.loss));
    worse += free.loss >= best.loss ? 1.0 : 0.0;
    found.draws.push_back(
        {free.linear[g_inf], free.linear[amplitude], free.shape[exponent_place(family)], 0.0});
  }
  out.threshold = quantile_of(excesses, options.level);
  out.p_lack_of_fit = std::min(1.0, worse / static_cast<double>(table.errors.size() + 1));
  const double low_bound =
      family.linear[g_inf].nonnegative ? 0.0 : std::max(-options.bound, options.least_value);
  const double high_bound = std::min(options.bound, options.most_value);
  const double step = *std::max_element(table.deviations.begin(), table.deviations.end());
  // A fit may end where the number cannot be: the interval is that part which can.
  const auto possible = [&](double g) { return std::clamp(g, low_bound, high_bound); };
  out.g_inf.value = possible(profile.value());
  out.g_inf.low = std::min(out.g_inf.value, possible(profile.end(low_bound, step, out.threshold)));
  out.g_inf.high =
      std::max(out.g_inf.value, possible(profile.end(high_bound, step, out.threshold)));
  out.g_inf.count = static_cast<std::int64_t>(table.size());
  out.g_inf.seeds = table.fewest;
  out.given = true;
  out.p_margin =
      excess_p(profile.excess(options.margin), out.threshold, options.level, table.freedom());
  const double width = out.g_inf.high - out.g_inf.low;
  const double margin = width > 0.0 ? 0.25 * width : step;
  for (int i = 0; i < kProfilePoints; ++i) {
    const double share = static_cast<double>(i) / (kProfilePoints - 1);
    const double g = out.g_inf.low - margin + share * (width + 2.0 * margin);
    if (g < low_bound || g > high_bound) continue;
    out.profile_values.push_back(g);
    out.profile_excess.push_back(profile.excess(g));
  }
  const double exponent = best.shape[exponent_place(family)];
  out.exponent = {exponent, exponent, exponent, out.g_inf.count, table.fewest};
  if (family.shape.size() == 1) {
    fill_exponents(fit, table.means, best.loss + out.threshold, out);
  }
  return found;
}

Reach find_reach(const ScaleTable& table, const ScalingOptions& options, FoundAsymptote& found) {
  Reach out;
  const CurveFamily family = closing_family({options.least_exponent});
  const RepeatedFit fit(family, table.logs, table.deviations);
  const double largest = table.logs[table.last].front();
  constexpr double kMostDecades = 99.0;
  const auto decades = [&](const FittedShape& law) {
    if (!(law.linear[0] > 0.0)) return -kMostDecades;
    const double log_scale = std::log(law.linear[0] / options.margin) / law.shape[0];
    return std::clamp((log_scale - largest) / std::log(10.0), -kMostDecades, kMostDecades);
  };
  const FittedShape best = fit.fit(table.means);
  const std::vector<double> law = fit.curve(best);
  std::vector<double> drawn;
  for (std::size_t r = 0; r < table.errors.size(); ++r) {
    drawn.push_back(decades(fit.fit(sum_of(law, table.errors[r]))));
    found.draws[r].reach_decades = drawn.back();
  }
  out.exponent = best.shape[0];
  out.decades = {decades(best), 0.0, 0.0, static_cast<std::int64_t>(table.size()), table.fewest};
  out.decades.low = std::min(out.decades.value, quantile_of(drawn, 0.5 - 0.5 * options.level));
  out.decades.high = std::max(out.decades.value, quantile_of(drawn, 0.5 + 0.5 * options.level));
  const Asymptote& asymptote = found.asymptote;
  const double excess = std::max(0.0, best.loss - found.loss);
  out.compatible = excess <= asymptote.threshold;
  out.p = excess_p(excess, asymptote.threshold, options.level, table.freedom());
  Asymptote compatible;
  compatible.exponent = {best.shape[0], best.shape[0], best.shape[0]};
  fill_exponents(fit, table.means, found.loss + asymptote.threshold, compatible);
  out.smallest_exponent = compatible.exponent.low;
  return out;
}

namespace {

/// The excess of holding g_inf at the margin where the law itself is seen at further scales too.
double excess_with(const ScaleTable& table, const CurveFamily& family, const FittedShape& law,
                   std::size_t further, double margin) {
  std::vector<std::vector<double>> logs = table.logs;
  std::vector<double> deviations = table.deviations;
  const double spacing = (table.logs[table.last].front() - table.logs[table.first].front()) /
                         static_cast<double>(table.size() - 1);
  for (std::size_t i = 1; i <= further; ++i) {
    logs.push_back({table.logs[table.last].front() + spacing * static_cast<double>(i)});
    deviations.push_back(table.deviations[table.last]);
  }
  const RepeatedFit fit(family, logs, deviations);
  return fit.fit(fit.curve(law), Held{*family.asymptote(), margin}).loss;
}

}  // namespace

Needed find_needed(const ScaleTable& table, const CurveFamily& family,
                   const ScalingOptions& options, const FoundAsymptote& found) {
  Needed out;
  const double freedom = table.freedom();
  const double at_level = student_quantile(0.5 + 0.5 * options.level, freedom);
  const double for_power =
      (student_quantile(1.0 - 0.5 * kBeyondScales, freedom) + student_quantile(0.8, freedom)) /
      at_level;
  const double wanted = found.asymptote.threshold * for_power * for_power;
  const RepeatedFit fit(family, table.logs, table.deviations);
  const FittedShape law = fit.fit(table.means);
  const double now = excess_with(table, family, law, 0, options.margin);
  constexpr double kMostSeeds = 1e5;
  const double seeds = now > 0.0 ? std::ceil(static_cast<double>(table.fewest) * wanted / now)
                                 : std::numeric_limits<double>::infinity();
  // Where there are enough already, something else than the interval leaves it open.
  if (seeds <= kMostSeeds && seeds > static_cast<double>(table.fewest)) {
    out.seeds = static_cast<std::int64_t>(seeds);
  }
  if (table.axes() > 1) return out;
  const double decades = (table.logs[table.last].front() - table.logs[table.first].front()) /
                         std::log(10.0) / static_cast<double>(table.size() - 1);
  constexpr double kMostDecades = 6.0;
  for (std::size_t further = 1; decades * static_cast<double>(further) <= kMostDecades; ++further) {
    if (excess_with(table, family, law, further, options.margin) < wanted) continue;
    out.decades = decades * static_cast<double>(further);
    break;
  }
  return out;
}

}  // namespace spurion::analysis::fits
