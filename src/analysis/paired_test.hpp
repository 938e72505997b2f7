#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "spurion/analysis/seed_cells.hpp"

/// \file
/// Whether paired differences over seeds are shown, by two tests that must not contradict each
/// other: Student's paired t, and sign flips, which suppose nothing of how differences are spread
/// but cannot give less than 2^(1-n) with n seeds.

namespace spurion::analysis {

/// At most so often a difference is said to be shown where there is none.
inline constexpr double kTestLevel = 0.05;

struct PairedTest {
  double student = 1.0;
  double flips = 1.0;
  double least = 1.0;  ///< the smallest that `flips` can be with so many seeds and comparisons
  std::int64_t seeds = 0;

  /// Sign flips of so few seeds cannot show anything.
  [[nodiscard]] bool flips_cannot_show() const { return least > kTestLevel; }
  /// By Student's t, and by sign flips where they can.
  [[nodiscard]] bool shown() const {
    return student <= kTestLevel && (flips <= kTestLevel || flips_cannot_show());
  }
  /// "paired t test p = 0.003, sign flips p = 0.062, which 5 seeds cannot bring below 0.0625"
  [[nodiscard]] std::string text() const;
};

/// That the mean of differences is `offset`.
PairedTest paired_test(const SeedCells& differences, const std::string& key, double offset = 0.0);
/// Holm's adjustment of each of the two for being one of several.
void adjust(std::vector<PairedTest>& tests);

}  // namespace spurion::analysis
