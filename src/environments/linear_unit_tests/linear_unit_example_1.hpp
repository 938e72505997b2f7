#pragma once

#include <string>
#include <vector>

#include "environments/linear_unit_tests/linear_unit_example.hpp"
#include "environments/shared/ceilings/population_regression.hpp"

namespace spurion::environments {

/// Cause and effect of a target under noise whose scale s differs between domains (regression):
///   x = s N(0, I), t = x W + s N(0, I), label = sum of t, z = t V + N(0, I).
class LinearUnitExample1 final : public LinearUnitExample {
 public:
  LinearUnitExample1(const UnitTestSizes& sizes, const RandomKey& key);

  [[nodiscard]] Task task() const override { return Task::regression; }
  [[nodiscard]] CausalGraph graph() const override;
  [[nodiscard]] std::string mechanism() const override;
  [[nodiscard]] UnitTestRows draw(const RandomKey& noise, RowRange rows, const Members& members,
                                  LabelCounts counts) const override;
  [[nodiscard]] Ceilings ceilings(const Members& members, double shift) const override;
  [[nodiscard]] std::optional<Moments> moments_in(const Members& members,
                                                  double shift) const override;

  /// W, [invariant, invariant].
  [[nodiscard]] const Matrix& to_target() const { return to_target_; }
  /// V, [invariant, spurious].
  [[nodiscard]] const Matrix& to_spurious() const { return to_spurious_; }
  /// s of each train domain.
  [[nodiscard]] const Vector& scales() const { return scales_; }

  /// Second moments of (x, z) and the label in a train domain.
  [[nodiscard]] const Moments& moments(std::int64_t domain) const {
    return moments_[static_cast<std::size_t>(domain)];
  }
  /// The same with z an independent draw from its marginal.
  [[nodiscard]] Moments shifted_moments(std::int64_t domain) const;
  /// Coefficients of (x, z) that minimise the error pooled over all train domains.
  [[nodiscard]] const Vector& erm_weights() const { return erm_weights_; }

 private:
  [[nodiscard]] Moments moments_at_scale(double scale) const;

  UnitTestSizes sizes_;
  RandomKey key_;
  Matrix to_target_;
  Matrix to_spurious_;
  Vector scales_;
  std::vector<Moments> moments_;
  Vector erm_weights_;
  Vector spurious_weights_;  ///< the same from z alone
};

}  // namespace spurion::environments
