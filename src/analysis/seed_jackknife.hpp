#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include "spurion/analysis/statistics.hpp"
#include "spurion/export.hpp"

/// \file
/// Intervals of numbers that are no means over seeds, such as a rank correlation or the expectation
/// of the best of n: the jackknife that leaves seeds out (Quenouille 1956; Tukey 1958). A bootstrap
/// would draw seeds twice, which is wrong for the best of n: a candidate that is drawn twice has no
/// competitor.

namespace spurion::analysis {

/// Numbers of all seeds, and the same without each group of seeds.
struct SPURION_API Jackknifed {
  std::vector<double> values;              ///< of all seeds
  std::vector<std::vector<double>> drawn;  ///< [group]: of all seeds but those of the group
  std::int64_t items = 0;                  ///< models that the numbers are of
  std::int64_t seeds = 0;
  double freedom = 0.0;  ///< groups minus one

  /// Further numbers of these numbers: `of` is applied to the values and to those of each group.
  using Numbers = std::function<std::vector<double>(const std::vector<double>&)>;
  [[nodiscard]] Jackknifed made(const Numbers& of) const;
  /// Standard error of a number; NaN where it or more than 5 % of those without a group are NaN, or
  /// there is one group.
  [[nodiscard]] double error(std::size_t number) const;
  /// The number with its 95 % interval by Student's t; of one seed the number itself. An estimate
  /// of no values where there is no error.
  [[nodiscard]] Estimate estimate(std::size_t number, const Range& range = {}) const;
  /// Two-sided p that the number is `bound`: at most .05 exactly where the interval excludes it.
  [[nodiscard]] double p(std::size_t number, double bound) const;
  /// The same where the number is above, or below, the bound; else 1. p values of verdicts, each
  /// of which claims one side.
  [[nodiscard]] double p_above(std::size_t number, double bound) const;
  [[nodiscard]] double p_below(std::size_t number, double bound) const;
};

/// The statistic of all items, and without each group of seeds. `seeds`: of each item, such as a
/// trained model; items of one seed are left out together. More than 200 seeds are dealt to 200
/// groups. `statistic`: gets the places of the items that are there, in ascending order, and gives
/// always as many numbers.
using ItemStatistic = std::function<std::vector<double>(const std::vector<std::size_t>&)>;
SPURION_API Jackknifed jackknife_over_seeds(const std::vector<std::int64_t>& seeds,
                                            const ItemStatistic& statistic);
/// The groups that it leaves out: of each item the number of its group, from 0.
SPURION_API std::vector<std::size_t> seed_groups(const std::vector<std::int64_t>& seeds);

}  // namespace spurion::analysis
