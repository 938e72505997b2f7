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

/// Integral of f from `low` to `high`: Gauss-Legendre with ten nodes in panels at most an eighth
/// wide. f may jump or bend at `breaks` (ascending) and is smooth between them. The bound is the
/// distance to panels twice as wide, plus 1e-12 for rounding and for tails that callers cut off.
[[nodiscard]] SPURION_API Integral integrate(const RealFunction& f, double low, double high,
                                             const std::vector<double>& breaks = {});

/// `points` (ascending), each amid others that halve their distance to it: breaks of a function
/// that climbs there, over whatever width.
[[nodiscard]] SPURION_API std::vector<double> steep_at(const std::vector<double>& points);

/// The pieces of an interval in which a function keeps its sign.
struct SignPieces {
  std::vector<double> changes;  ///< where it changes, ascending
  std::vector<int> signs;       ///< below the first change, then between them; -1, 0 or +1
  /// Of the piece that holds x.
  [[nodiscard]] SPURION_API int sign_at(double x) const;
};

/// Where f changes its sign between `low` and `high`: every change that shows on a grid 1/64 wide,
/// bisected to rounding. Of a piece the sign is that of f wherever on the grid it is not 0; 0 where
/// it is 0 at every point.
[[nodiscard]] SPURION_API SignPieces sign_pieces(const RealFunction& f, double low, double high);

/// Density of N(0, 1).
[[nodiscard]] SPURION_API double normal_density(double z);
/// log P(N(0, 1) <= z), also where that is too small for a double.
[[nodiscard]] SPURION_API double log_normal_cdf(double z);
/// log(exp(a) + exp(b)); either may be minus infinity.
[[nodiscard]] double log_sum(double a, double b);

}  // namespace spurion::environments
