#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "environments/shared/ceilings/population_regression.hpp"
#include "spurion/environment.hpp"
#include "spurion/random.hpp"

/// \file
/// What the three linear unit tests of Aubin et al. 2021 have in common: an invariant block, a
/// spurious block and a label for each row, with constants that differ from domain to domain.

namespace spurion::environments {

struct UnitTestSizes {
  std::int64_t invariant = 5;
  std::int64_t spurious = 5;
  std::int64_t domains = 3;
};

/// Train domains that take turns: row i belongs to number members[i % members.size()].
using Members = std::vector<std::int64_t>;

inline std::size_t member_of_row(const Members& members, std::int64_t row) {
  const auto turn = static_cast<std::size_t>(row % static_cast<std::int64_t>(members.size()));
  return static_cast<std::size_t>(members[turn]);
}

/// How often a label occurs among rows, where the source fixes that (example 3).
enum class LabelCounts {
  exact,  ///< as in the source's data sets: each label in one half of the rows
  random  ///< by a coin for each row, as in independent draws of a row
};

/// Rows before they are scrambled.
struct UnitTestRows {
  UnitTestRows(const UnitTestSizes& sizes, std::int64_t count)
      : invariant(static_cast<std::size_t>(count * sizes.invariant)),
        spurious(static_cast<std::size_t>(count * sizes.spurious)),
        label(static_cast<std::size_t>(count)),
        cue(static_cast<std::size_t>(count)) {}

  std::vector<float> invariant;  ///< [B, sizes.invariant]
  std::vector<float> spurious;   ///< [B, sizes.spurious]
  std::vector<float> label;      ///< [B]; 0 or 1 in a binary task
  std::vector<std::int64_t>
      cue;  ///< [B] the class that the spurious block indicates; 0 in regression
};

/// One of the examples, its constants drawn. Immutable.
class LinearUnitExample {
 public:
  virtual ~LinearUnitExample() = default;

  [[nodiscard]] virtual Task task() const = 0;
  [[nodiscard]] virtual CausalGraph graph() const = 0;
  /// Formulas, one a line.
  [[nodiscard]] virtual std::string mechanism() const = 0;
  /// Rows of the domain `members`; row i takes its noise from row i of the streams below `noise`.
  [[nodiscard]] virtual UnitTestRows draw(const RandomKey& noise, RowRange rows,
                                          const Members& members, LabelCounts counts) const = 0;
  /// Ceilings of the domain `members` in which a row's spurious block is, with probability `shift`,
  /// an independent draw from its marginal in the row's own train domain.
  [[nodiscard]] virtual Ceilings ceilings(const Members& members, double shift) const = 0;
  /// Second moments of (x, z) and the label in that domain, where they say all of the squared error
  /// of a linear predictor that is trained on such rows; else empty. default: empty.
  [[nodiscard]] virtual std::optional<Moments> moments_in(const Members& /*members*/,
                                                          double /*shift*/) const {
    return {};
  }
};

/// Example 1, 2 or 3; `key` names its constants.
[[nodiscard]] std::unique_ptr<const LinearUnitExample> make_linear_unit_example(
    int number, const UnitTestSizes& sizes, const RandomKey& key);

}  // namespace spurion::environments
