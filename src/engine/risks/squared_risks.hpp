#pragma once

#include "engine/risks/linear_risks.hpp"

namespace spurion::engine {

/// Squared loss: with second moments S = mean x x', c = mean x y, m = mean y y of the rows (x with
/// a 1 appended), the risk is w'S w - 2 w'c + m, exactly, in O(D^2) whatever the number of rows.
/// Moments and risks in float64.
class SquaredRisks final : public LinearRisks {
 public:
  SquaredRisks(const std::vector<DomainRows>& rows, std::vector<std::size_t> source);
  [[nodiscard]] Values evaluate(const Tensor& parameters, bool keep_curvature) const override;
  [[nodiscard]] Tensor hessian_products(const Tensor& curvature,
                                        const Tensor& directions) const override;

 private:
  [[nodiscard]] const double* moments(std::int64_t replica, std::int64_t domain) const;

  /// [data seeds, E, D + 2, D + 2] float64: rows and columns (x, 1, y).
  Tensor moments_;
};

}  // namespace spurion::engine
