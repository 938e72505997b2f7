#include "environments/shared/two_readings.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "environments/shared/ceilings/tie_rules.hpp"
#include "environments/shared/numerics/linear_algebra.hpp"

namespace spurion::environments {

namespace {

using environments::normal_cdf;

/// Whether an attribute that disagrees so often tells nothing of the label.
bool says_nothing(double disagreement) {
  return environments::first_is_better(1.0 - disagreement, disagreement) == 0.5;
}

/// log(exp(a) + exp(b)); either may be -infinity.
double log_sum(double a, double b) {
  const double top = std::max(a, b);
  if (top == -std::numeric_limits<double>::infinity()) return top;
  return top + std::log1p(std::exp(std::min(a, b) - top));
}

/// E g(z), z ~ N(0, 1), for a monotone g with values in [0, 1], by the trapezoidal rule. For smooth
/// g the error falls exponentially with the step, so the last halving's change bounds it; where the
/// steps run out, the variation of the integrand (at most 1.2) times half a step does.
template <class Function>
Ceiling normal_average(const Function& g) {
  constexpr double kEnd = 12.0;  // 4e-33 of the mass lies beyond
  constexpr double kDensity = 0.3989422804014327;
  constexpr double kSettled = 1e-13;
  constexpr double kRounding = 1e-12;
  constexpr double kFinest = 1.0 / 16384.0;
  const auto nodes = [&](double first, double spacing) {
    double sum = 0.0;
    for (double z = first; z <= kEnd; z += spacing) sum += kDensity * std::exp(-0.5 * z * z) * g(z);
    return sum;
  };
  double step = 1.0 / 16.0;
  double value = step * nodes(-kEnd, step);
  bool settled = false;
  for (;;) {
    const double finer = 0.5 * value + 0.5 * step * nodes(-kEnd + 0.5 * step, step);
    const double change = std::abs(finer - value);
    step *= 0.5;
    value = finer;
    if (change < kSettled && settled) return {value, Exactness::quadrature, change + kRounding};
    settled = change < kSettled;
    if (step <= kFinest) return {value, Exactness::quadrature, std::max(change, 0.6 * step)};
  }
}

}  // namespace

double TwoReadings::log_odds(double v, double shift) const {
  const double slope = 2.0 * cue_ * v;
  const double agrees = std::log1p(-shift);
  const double differs = std::log(shift);
  return log_sum(agrees + slope, differs) - log_sum(agrees, differs + slope);
}

Ceiling TwoReadings::in_group(bool agrees, double taught) const {
  if (says_nothing(taught)) return invariant();
  // Given y = +1; the other label is its mirror image.
  const double centre = agrees ? cue_ : -cue_;
  return normal_average(
      [&](double z) { return normal_cdf(core_ + log_odds(centre + z, taught) / (2.0 * core_)); });
}

Ceiling TwoReadings::accuracy(double here, double taught) const {
  if (says_nothing(taught)) return invariant();
  const Ceiling with = in_group(true, taught);
  const Ceiling against = in_group(false, taught);
  return {(1.0 - here) * with.value + here * against.value, Exactness::quadrature,
          (1.0 - here) * with.error_bound + here * against.error_bound};
}

Ceiling TwoReadings::invariant() const { return {normal_cdf(core_), Exactness::closed_form, 0.0}; }

Ceiling TwoReadings::cue_only(double here, double taught) const {
  if (says_nothing(taught)) return {0.5, Exactness::closed_form, 0.0};
  const double follows = (1.0 - here) * normal_cdf(cue_) + here * normal_cdf(-cue_);
  return {taught < 0.5 ? follows : 1.0 - follows, Exactness::closed_form, 0.0};
}

}  // namespace spurion::environments
