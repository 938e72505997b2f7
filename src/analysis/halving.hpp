#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "spurion/export.hpp"

namespace spurion::analysis {

/// The scores of one trial at its measured updates: more is better.
struct ScoredUpdates {
  std::int64_t sample = 0;  ///< `TrialSpec::config_index`
  std::int64_t seed = 0;
  std::map<std::int64_t, double> scores;  ///< by update; empty where the trial is not done
};

/// What successive halving chooses.
struct Halving {
  std::int64_t sample = 0;
  /// The updates that it makes, as a share of those of training every sample to its end.
  double share = 1.0;
};

/// Successive halving (Jamieson & Talwalkar 2016, arXiv:1502.07943), replayed on what was measured:
/// all samples train to the first rung, the better half of them to the second, and so on; the rungs
/// are near R / 2^k of R updates. A sample is as good as its mean score over seeds. One without a
/// score on each seed is left out at the first rung. Nothing where no update before the last was
/// measured, or no sample has all its scores. The choice is what real halving would have made: the
/// first updates of a trial do not depend on how many follow.
SPURION_API std::optional<Halving> halve(const std::vector<ScoredUpdates>& trials);

}  // namespace spurion::analysis
