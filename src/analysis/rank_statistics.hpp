#pragma once

#include <string>
#include <vector>

#include "spurion/analysis/seed_cells.hpp"
#include "spurion/analysis/statistics.hpp"
#include "spurion/export.hpp"

/// \file
/// Ranks of things that are compared on the same seeds: how sure they are, and whether two orders
/// agree.

namespace spurion::analysis {

/// Ranks from 1, the highest value first. Equal values, but for rounding, share the mean of their
/// ranks; NaN comes last.
SPURION_API std::vector<double> ranks_of(const std::vector<double>& values);

/// Kendall's tau-b (Kendall 1945): pairs in the same order minus pairs in the opposite order, over
/// the geometric mean of the numbers of pairs that are no tie in x and in y. 1: the same order; -1:
/// the opposite. NaN where x or y has no order: fewer than two values, or all equal.
SPURION_API double kendall_tau_b(const std::vector<double>& x, const std::vector<double>& y);

/// Spearman's rank correlation: of ranks where ties share the mean of theirs. 0 where x or y does
/// not vary.
SPURION_API double rank_correlation(const std::vector<double>& x, const std::vector<double>& y);

/// A rank and how sure it is.
struct RankStability {
  Estimate rank;       ///< with the middle 95 % of its resampled values
  double first = 0.0;  ///< the share of resamples in which it is rank 1, alone or with others
};

/// Ranks by mean score, the highest first, and a bootstrap of them: seeds are resampled with
/// replacement, all entries on the same ones. `entries`: the scores of each entry, by stratum (such
/// as configurations or environments, which have equal weight) and seed. Resamples in which an
/// entry has no seed in a stratum are left out. An entry without scores has no rank. The same
/// entries and key give the same result.
SPURION_API std::vector<RankStability> rank_stability(
    const std::vector<std::vector<BySeed>>& entries, const std::string& key);

/// Widens the intervals of ranks by what the evaluated rows leave unsure: where two mean scores
/// differ by less than the noise of the rows makes them differ (95 %), either may come before the
/// other. So the ranks of seeds that coincide are not certain. `scores`: of each entry, those that
/// its rank is of; empty for one without a rank. `high`: more is better.
SPURION_API void widen_by_rows(std::vector<RankStability>& ranks,
                               const std::vector<SeedCells>& scores, bool high);

}  // namespace spurion::analysis
