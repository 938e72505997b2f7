#pragma once

#include <functional>
#include <vector>

#include "spurion/export.hpp"

namespace spurion::environments {

inline constexpr double kPi = 3.14159265358979323846;
/// Beyond this many standard deviations a normal has nothing that a double shows.
inline constexpr double kNormalTail = 9.0;

using RealFunction = std::function<double(double)>;

/// An integral and an absolute bound of its error.
struct Integral {
  double value = 0.0;
  double error_bound = 0.0;
};

/// Integral of f from `low` to `high`: Gauss-Legendre with ten nodes in panels an eighth wide. f
/// may jump or bend at `breaks` (ascending) and is smooth between them. The bound is the distance
/// to panels a quarter wide, plus 1e-12 for rounding and for tails that callers cut off.
[[nodiscard]] SPURION_API Integral integrate(const RealFunction& f, double low, double high,
                                             const std::vector<double>& breaks = {});

/// Where f changes its sign between `low` and `high`, ascending: every change that shows on a grid
/// 1/64 wide, bisected to rounding.
[[nodiscard]] SPURION_API std::vector<double> sign_changes(const RealFunction& f, double low,
                                                           double high);

/// Density of N(0, 1).
[[nodiscard]] SPURION_API double normal_density(double z);
/// log P(N(0, 1) <= z), also where that is too small for a double.
[[nodiscard]] SPURION_API double log_normal_cdf(double z);
/// log(exp(a) + exp(b)); either may be minus infinity.
[[nodiscard]] double log_sum(double a, double b);

}  // namespace spurion::environments
