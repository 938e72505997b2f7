#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <vector>

#include "analysis/fits/curve_family.hpp"
#include "spurion/export.hpp"

namespace spurion::analysis::fits {

/// A linear parameter that is held at a value.
struct Held {
  std::size_t linear = 0;
  double value = 0.0;
};

/// The best curve of a family. Parameters are of scales divided by the reference.
struct FittedShape {
  double loss = 0.0;  ///< sum of ((value - curve) / deviation)^2
  std::array<double, kMostParameters> shape{};
  std::array<double, kMostParameters> linear{};
};

/// Fits one family to many sets of values at the same scales with the same weights, as resamples
/// need it: microseconds a fit. Variable projection (Golub & Pereyra 1973): the linear parameters
/// of a shape are the non-negative weighted least squares solution. All terms of the grid of shapes
/// and their products are computed once. Every fit searches the whole grid, then improves its best
/// place. No random number enters.
class SPURION_API RepeatedFit {
 public:
  /// `log_scales`: as `CurveFamily::terms` takes them, one a value; `deviations`: above 0.
  RepeatedFit(CurveFamily family, std::vector<std::vector<double>> log_scales,
              const std::vector<double>& deviations);

  /// The fit with the least loss, of all or with one linear parameter held.
  [[nodiscard]] FittedShape fit(const std::vector<double>& values,
                                const std::optional<Held>& held = std::nullopt) const;
  /// The best linear parameters for a shape.
  [[nodiscard]] FittedShape at_shape(const std::array<double, kMostParameters>& shape,
                                     const std::vector<double>& values,
                                     const std::optional<Held>& held = std::nullopt) const;
  /// Places of the grid with a smaller loss than their neighbours, the best first; at most `count`.
  [[nodiscard]] std::vector<FittedShape> starts(const std::vector<double>& values,
                                                std::size_t count) const;
  /// The curve at all scales.
  [[nodiscard]] std::vector<double> curve(const FittedShape& fit) const;
  [[nodiscard]] const CurveFamily& family() const { return family_; }

 private:
  /// What the terms of a shape say of the values: products, and the solution.
  struct Normal;
  struct Search;

  [[nodiscard]] std::vector<std::optional<double>> holds(const std::optional<Held>& held) const;
  void terms_at(const double* shape, double* terms) const;
  [[nodiscard]] FittedShape best_of_grid(const std::vector<double>& weighted,
                                         const std::vector<std::optional<double>>& holds,
                                         std::vector<double>* losses) const;
  [[nodiscard]] std::size_t index_on_grid(std::size_t place, std::size_t axis) const;

  CurveFamily family_;
  std::vector<std::vector<double>> log_scales_;
  std::vector<double> weights_;
  std::size_t places_ = 1;
  std::vector<std::array<double, kMostParameters>> shapes_;  ///< [places]
  std::vector<double> terms_;                                ///< [places, linear, values], weighted
  std::vector<double> gram_;                                 ///< [places, linear, linear]
};

}  // namespace spurion::analysis::fits
