#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "analysis/fits/scaling_judgement.hpp"
#include "spurion/export.hpp"

namespace spurion::analysis::fits {

/// Most shape parameters, and most linear parameters, of a family.
inline constexpr std::size_t kMostParameters = 4;

/// A parameter of a family that does not enter the curve linearly.
struct ShapeParameter {
  std::string name;
  double low = 0.0;          ///< least value of the search
  double high = 1.0;         ///< largest value of the search
  std::size_t grid = 2;      ///< places of the grid from `low` to `high`, at least 2
  bool logarithmic = false;  ///< whether the places have equal ratios; `low` is above 0 then

  /// The place number `index` of the grid.
  [[nodiscard]] double place(std::size_t index) const;
};

/// The factor of a term.
struct LinearParameter {
  std::string name;
  bool nonnegative = true;
  std::optional<double> held = std::nullopt;  ///< its value, where it is known
};

/// A family of curves y = sum_j c_j f_j(shape; scale). It is linear in c, so that the best c of a
/// shape is found by linear least squares.
struct CurveFamily {
  LawFamily kind = LawFamily::constant;
  std::string name;
  std::string formula;
  std::vector<ShapeParameter> shape;
  std::vector<LinearParameter> linear;
  /// Writes the terms f_j at a place. `log_scale`: natural logarithms of the scales divided by
  /// their references, one for each axis.
  void (*terms)(const double* shape, const double* log_scale, double* terms) = nullptr;

  /// Number of parameters that are not held.
  [[nodiscard]] std::size_t free() const;
  /// The place of the linear parameter `g_inf`; none where the family has none that is free.
  [[nodiscard]] std::optional<std::size_t> asymptote() const;
  /// The curve at a place.
  [[nodiscard]] double at(const double* shape, const double* linear, const double* log_scale) const;
};

/// The range of exponents that is searched. Above the largest a law is a step.
struct ExponentRange {
  double least = 0.05;
  double largest = 4.0;
};

/// y = c.
SPURION_API CurveFamily constant_family();
/// y = a N^-b, a >= 0: the gap closes.
SPURION_API CurveFamily closing_family(const ExponentRange& range = {});
/// y = g_inf + a N^-b: the gap goes to g_inf, from above (a > 0) or from below (a < 0).
SPURION_API CurveFamily plateau_family(const ExponentRange& range = {});
/// y = g_inf + (top - g_inf) h / (1 + h) with h = (N / N_0)^-b: between a floor and the largest
/// possible gap `top`.
SPURION_API CurveFamily bounded_family(double top, const ExponentRange& range = {});
/// y = g_inf + a N^-c0 (1 + (N / d)^(1 / f))^(-c1 f): one smooth break at d (BNSL: Caballero et al.
/// 2023, arXiv:2210.14891).
SPURION_API CurveFamily broken_family();
/// The same with g_inf = 0 and f = 1/4, for few scales.
SPURION_API CurveFamily short_broken_family();
/// y = sum over axes of A_i N_i^-alpha_i, plus g_inf >= 0 where `plateau` (Hoffmann et al. 2022,
/// arXiv:2203.15556). `axes`: 2 or 3.
SPURION_API CurveFamily joint_family(std::size_t axes, bool plateau,
                                     const ExponentRange& range = {});

}  // namespace spurion::analysis::fits
