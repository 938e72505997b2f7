#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "spurion/analysis/seed_cells.hpp"
#include "spurion/export.hpp"

/// \file
/// Whether paired differences over seeds are shown, by two tests that must not contradict each
/// other: Student's paired t, and sign flips, which suppose nothing of how differences are spread
/// but cannot give less than 2^(1-n) with n seeds.

namespace spurion::analysis {

/// At most so often a difference is said to be shown where there is none.
inline constexpr double kTestLevel = 0.05;

/// What a difference is shown to be.
enum class Shown { no, above, below };

struct PairedTest {
  double student = 1.0;
  double flips = 1.0;
  double least = 1.0;  ///< the smallest that `flips` can be with so many seeds and comparisons
  std::int64_t seeds = 0;
  double error = 0.0;            ///< standard error of the mean, from the spread of the seeds
  double freedom = 0.0;          ///< its degrees of freedom
  double noise = 0.0;            ///< standard error from the evaluated rows alone; 0: not known
  MeanNoise noise_parts;         ///< the two parts of `noise`
  std::int64_t comparisons = 1;  ///< that the p values are adjusted for
  double level = kTestLevel;     ///< a difference is shown from this p on

  /// Sign flips of so few seeds cannot show anything.
  [[nodiscard]] bool flips_cannot_show() const { return least > level; }
  /// By Student's t, and by sign flips where they can.
  [[nodiscard]] bool shown() const {
    return student <= level && (flips <= level || flips_cannot_show());
  }
  /// The same, where the interval of the difference says it too: text, p values and interval never
  /// contradict each other.
  [[nodiscard]] Shown shown(const Estimate& difference) const;
  /// The smallest true difference that these tests would show in 4 of 5 repetitions, with so many
  /// seeds that vary like these: (t[1 - level / 2] + t[.8]) standard errors, where `level` is the
  /// strictest of Holm's. 0 where nothing tells how seeds vary.
  [[nodiscard]] double detectable() const;
  /// "paired t test p = 0.003, sign-flip test p = 0.0625"
  [[nodiscard]] std::string text() const;
  /// Why a difference is not shown though one of the numbers beside it seems to say so, and which
  /// difference would have been: "; 5 seeds like these show a difference of 0.031 in 4 of 5 cases".
  [[nodiscard]] std::string not_shown_text(const Estimate& difference) const;
};

/// So many digits after the point that a p value above `kTestLevel` does not read as equal to it.
int digits_of_p(double p, int digits);

/// That the mean of differences is `offset`.
SPURION_API PairedTest paired_test(const SeedCells& differences, const std::string& key,
                                   double offset = 0.0);
/// How paired differences vary, without a test.
PairedTest untested(const SeedCells& differences);
/// Which of the tests have too few seeds for sign flips, in one sentence with a space behind it;
/// empty where none has. It stands behind what the tests say: the verdict comes first.
std::string few_seeds_text(const std::vector<PairedTest>& tests);
/// Holm's adjustment of each of the two for being one of several. `level`: how often any of them
/// may show a difference where there is none.
SPURION_API void adjust(std::vector<PairedTest>& tests, double level = kTestLevel);

}  // namespace spurion::analysis
