#pragma once

#include <string>

#include "environments/linear_unit_tests/linear_unit_example.hpp"
#include "environments/shared/numerics/linear_algebra.hpp"

namespace spurion::environments {

/// Cows and camels (binary): foreground and background agree with probability p; the label is the
/// sign of the foreground block, which is a hundred times smaller than the background block.
class LinearUnitExample2 final : public LinearUnitExample {
 public:
  LinearUnitExample2(const UnitTestSizes& sizes, const RandomKey& key);

  [[nodiscard]] Task task() const override { return Task::binary; }
  [[nodiscard]] CausalGraph graph() const override;
  [[nodiscard]] std::string mechanism() const override;
  [[nodiscard]] UnitTestRows draw(const RandomKey& noise, RowRange rows, const Members& members,
                                  LabelCounts counts) const override;
  [[nodiscard]] Ceilings ceilings(const Members& members, double shift) const override;

  /// p of each train domain: P(background agrees with foreground).
  [[nodiscard]] const Vector& agreement() const { return agreement_; }
  /// s of each train domain: P(foreground = 1).
  [[nodiscard]] const Vector& foreground() const { return foreground_; }

 private:
  UnitTestSizes sizes_;
  Vector agreement_;
  Vector foreground_;
  double label_flip_;  ///< P(label differs from foreground): noise outweighs the mean
  double threshold_;   ///< the best reader of the background says 1 where sum of z is above it
};

}  // namespace spurion::environments
