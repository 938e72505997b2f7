#include "analysis/fits/over_optimisation.hpp"

#include <algorithm>
#include <cmath>
#include <set>

#include "analysis/fits/repeated_fit.hpp"

namespace spurion::analysis::fits {

const char* pressure_formula(Pressure pressure) {
  return pressure == Pressure::selection ? "d (alpha - beta d)" : "d (alpha - beta log d)";
}

CurveFamily pressure_family(Pressure pressure) {
  CurveFamily family;
  family.formula = pressure_formula(pressure);
  family.linear = {{"alpha", false}, {"beta", false}};
  if (pressure == Pressure::selection) {
    family.kind = LawFamily::selection_pressure;
    family.name = "best of n";
    family.terms = [](const double*, const double* log_d, double* terms) {
      terms[0] = std::exp(log_d[0]);
      terms[1] = -terms[0] * terms[0];
    };
  } else {
    family.kind = LawFamily::gradient_pressure;
    family.name = "gradient pressure";
    family.terms = [](const double*, const double* log_d, double* terms) {
      terms[0] = std::exp(log_d[0]);
      terms[1] = -terms[0] * log_d[0];
    };
  }
  return family;
}

double OverOptimisation::at(double d) const {
  return d * (alpha - beta * (pressure == Pressure::selection ? d : std::log(d)));
}

double OverOptimisation::peak() const {
  constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
  if (!(beta > 0.0)) return kNone;
  if (pressure == Pressure::gradient) return std::exp(alpha / beta - 1.0);
  return alpha > 0.0 ? alpha / (2.0 * beta) : kNone;
}

double OverOptimisation::peak_gain() const {
  const double d = peak();
  if (std::isnan(d)) return d;
  return pressure == Pressure::selection ? 0.5 * alpha * d : beta * d;
}

OverOptimisation fit_over_optimisation(Pressure pressure,
                                       const std::vector<PressurePoint>& points) {
  OverOptimisation out;
  out.pressure = pressure;
  std::vector<std::vector<double>> logs;
  std::vector<double> gains;
  std::vector<double> deviations;
  std::set<double> distances;
  for (const PressurePoint& point : points) {
    if (!std::isfinite(point.d) || !std::isfinite(point.gain)) return out;
    if (!(point.d > 0.0)) continue;
    logs.push_back({std::log(point.d)});
    gains.push_back(point.gain);
    deviations.push_back(point.deviation);
    distances.insert(point.d);
  }
  if (distances.size() < 2) return out;
  const RepeatedFit fit(pressure_family(pressure), std::move(logs), deviations);
  const FittedShape found = fit.fit(gains);
  out.alpha = found.linear[0];
  out.beta = found.linear[1];
  return out;
}

}  // namespace spurion::analysis::fits
