#pragma once

#include <functional>
#include <vector>

#include "environments/shared/numerics/normal.hpp"
#include "spurion/export.hpp"

namespace spurion::environments {

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

/// E g(z), z ~ N(0, 1), for a smooth g with values in [0, 1], by the trapezoidal rule. Its error
/// falls exponentially with the step, so the last halving's change bounds it; where the steps run
/// out, the variation of the integrand (at most 1.2) times half a step does.
[[nodiscard]] SPURION_API Integral normal_average(const RealFunction& g);

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

}  // namespace spurion::environments
