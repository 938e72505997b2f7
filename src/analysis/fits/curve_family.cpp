#include "analysis/fits/curve_family.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "spurion/error.hpp"

namespace spurion::analysis::fits {

namespace {

ShapeParameter exponent_parameter(const std::string& name, const ExponentRange& range,
                                  std::size_t grid) {
  return {name, range.least, range.largest, grid, true};
}

/// log(1 + exp(z)) that does not overflow.
double softplus(double z) {
  return z > 0.0 ? z + std::log1p(std::exp(-z)) : std::log1p(std::exp(z));
}

/// N^-c0 (1 + (N / d)^(1 / f))^(-c1 f).
double broken_term(const double* shape, double log_f, double log_scale) {
  const double f = std::exp(log_f);
  return std::exp(-shape[0] * log_scale - shape[1] * f * softplus((log_scale - shape[2]) / f));
}

}  // namespace

double ShapeParameter::place(std::size_t index) const {
  const double share = static_cast<double>(index) / static_cast<double>(grid - 1);
  return logarithmic ? low * std::exp(share * std::log(high / low)) : low + share * (high - low);
}

std::size_t CurveFamily::free() const {
  const auto held = std::count_if(linear.begin(), linear.end(),
                                  [](const LinearParameter& one) { return one.held.has_value(); });
  return shape.size() + linear.size() - static_cast<std::size_t>(held);
}

std::optional<std::size_t> CurveFamily::asymptote() const {
  for (std::size_t i = 0; i < linear.size(); ++i) {
    if (linear[i].name == "g_inf" && !linear[i].held) return i;
  }
  return std::nullopt;
}

double CurveFamily::at(const double* shape_at, const double* linear_at,
                       const double* log_scale) const {
  std::array<double, kMostParameters> term{};
  terms(shape_at, log_scale, term.data());
  double sum = 0.0;
  for (std::size_t j = 0; j < linear.size(); ++j) sum += linear_at[j] * term[j];
  return sum;
}

CurveFamily constant_family() {
  return {LawFamily::constant,
          "constant",
          "c",
          {},
          {{"c", false}},
          [](const double*, const double*, double* terms) { terms[0] = 1.0; }};
}

CurveFamily closing_family(const ExponentRange& range) {
  return {LawFamily::closing,
          "closing power law",
          "a N^-b",
          {exponent_parameter("b", range, 40)},
          {{"a", true}},
          [](const double* shape, const double* log_scale, double* terms) {
            terms[0] = std::exp(-shape[0] * log_scale[0]);
          }};
}

CurveFamily plateau_family(const ExponentRange& range) {
  return {LawFamily::plateau,
          "power law with a plateau",
          "g_inf + a N^-b",
          {exponent_parameter("b", range, 40)},
          {{"g_inf", false}, {"a", false}},
          [](const double* shape, const double* log_scale, double* terms) {
            terms[0] = 1.0;
            terms[1] = std::exp(-shape[0] * log_scale[0]);
          }};
}

CurveFamily bounded_family(double top, const ExponentRange& range) {
  return {LawFamily::bounded,
          "bounded law",
          "g_inf + (top - g_inf) h / (1 + h), h = (N / N_0)^-b",
          {{"N_0", -12.0, 12.0, 49}, exponent_parameter("b", range, 24)},
          {{"g_inf", false}, {"top", true, top}},
          [](const double* shape, const double* log_scale, double* terms) {
            const double above = 1.0 / (1.0 + std::exp(shape[1] * (log_scale[0] - shape[0])));
            terms[0] = 1.0 - above;
            terms[1] = above;
          }};
}

CurveFamily broken_family() {
  return {LawFamily::broken,
          "broken power law",
          "g_inf + a N^-c0 (1 + (N / d)^(1 / f))^(-c1 f)",
          {{"c0", -1.0, 3.0, 9}, {"c1", -4.0, 12.0, 17}, {"d", -4.0, 4.0, 17}, {"f", -4.0, 0.7, 6}},
          {{"g_inf", true}, {"a", true}},
          [](const double* shape, const double* log_scale, double* terms) {
            terms[0] = 1.0;
            terms[1] = broken_term(shape, shape[3], log_scale[0]);
          }};
}

CurveFamily short_broken_family() {
  return {LawFamily::broken,
          "broken power law",
          "a N^-c0 (1 + (N / d)^4)^(-c1 / 4)",
          {{"c0", -1.0, 3.0, 13}, {"c1", -3.0, 4.0, 15}, {"d", -4.0, 4.0, 13}},
          {{"a", true}},
          [](const double* shape, const double* log_scale, double* terms) {
            terms[0] = broken_term(shape, std::log(0.25), log_scale[0]);
          }};
}

CurveFamily joint_family(std::size_t axes, bool plateau, const ExponentRange& range) {
  if (axes < 2 || axes > 3) throw UsageError("a joint law has 2 or 3 axes");
  const std::size_t grid = axes == 2 ? 24 : 12;
  CurveFamily family;
  family.kind = plateau ? LawFamily::joint : LawFamily::joint_closing;
  family.name = plateau ? "joint law with a plateau" : "joint closing law";
  family.formula = plateau ? "g_inf + A N^-alpha + B D^-beta" : "A N^-alpha + B D^-beta";
  if (axes == 3) family.formula += " + C S^-gamma";
  const std::array<const char*, 3> exponents{"alpha", "beta", "gamma"};
  const std::array<const char*, 3> factors{"A", "B", "C"};
  for (std::size_t i = 0; i < axes; ++i) {
    family.shape.push_back(exponent_parameter(exponents[i], range, grid));
    family.linear.push_back({factors[i], true});
  }
  // The constant term stands last, so that the others have the places of their axes.
  family.linear.push_back({"g_inf", true});
  if (!plateau) family.linear.back().held = 0.0;
  if (axes == 2) {
    family.terms = [](const double* shape, const double* log_scale, double* terms) {
      for (std::size_t i = 0; i < 2; ++i) terms[i] = std::exp(-shape[i] * log_scale[i]);
      terms[2] = 1.0;
    };
  } else {
    family.terms = [](const double* shape, const double* log_scale, double* terms) {
      for (std::size_t i = 0; i < 3; ++i) terms[i] = std::exp(-shape[i] * log_scale[i]);
      terms[3] = 1.0;
    };
  }
  return family;
}

}  // namespace spurion::analysis::fits
