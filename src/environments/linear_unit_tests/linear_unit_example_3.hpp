#pragma once

#include <string>

#include "environments/linear_unit_tests/linear_unit_example.hpp"
#include "environments/shared/numerics/linear_algebra.hpp"

namespace spurion::environments {

/// Small invariant margin, large spurious margin (binary): the label moves both blocks to one side
/// of the origin or the other, the spurious block along a direction that differs between domains.
class LinearUnitExample3 final : public LinearUnitExample {
 public:
  LinearUnitExample3(const UnitTestSizes& sizes, const RandomKey& key);

  [[nodiscard]] Task task() const override { return Task::binary; }
  [[nodiscard]] CausalGraph graph() const override;
  [[nodiscard]] std::string mechanism() const override;
  [[nodiscard]] UnitTestRows draw(const RandomKey& noise, RowRange rows, const Members& members,
                                  LabelCounts counts) const override;
  [[nodiscard]] Ceilings ceilings(const Members& members, double shift) const override;

  /// mu of each train domain, [domains, spurious].
  [[nodiscard]] const Matrix& means() const { return means_; }

 private:
  [[nodiscard]] Vector draw_spurious(const RandomStream& noise, std::int64_t row,
                                     std::int64_t domain) const;
  /// P(label = 0 | z) where every spurious block follows its label and domains are equally likely.
  [[nodiscard]] double label_zero(const Vector& z, const Members& members) const;
  /// More than the error of the best reader of z there.
  [[nodiscard]] double overlap(const Members& members) const;
  [[nodiscard]] double error_given(double label_zero) const;
  [[nodiscard]] Ceiling bayes(const Members& members, double shift) const;
  [[nodiscard]] Ceiling linked_spurious_only(const Members& members) const;

  UnitTestSizes sizes_;
  RandomKey key_;
  Matrix means_;
};

}  // namespace spurion::environments
