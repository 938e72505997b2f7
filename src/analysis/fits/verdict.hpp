#pragma once

#include "analysis/fits/direction.hpp"
#include "analysis/fits/scaling_judgement.hpp"

namespace spurion::analysis::fits {

/// A verdict on scales that nobody ran asks for a smaller p than one on those that were: the
/// interval of g_inf supposes that the law goes on.
inline constexpr double kBeyondScales = 0.02;

/// What a verdict needs beside the judgement itself.
struct VerdictFacts {
  std::int64_t scales = 0;     ///< distinct values on the axis that has the most decades
  bool seeds_suffice = false;  ///< every scale has at least two
  DirectionTest falls;
  DirectionTest rises;
  bool law_holds = false;      ///< the law of the asymptote is not rejected
  bool beats_carried = false;  ///< a law that falls predicts the held-out scales better than
                               ///< the last value carried forward
  /// Two-sided, that the gap at the largest scale is minus the margin.
  double p_below = 1.0;
  /// Two-sided, that the change is the margin, in the direction of the change.
  double p_change_beyond = 1.0;
};

/// Sets outcome, reason and p. A verdict is given only where the intervals allow no other; its p is
/// the largest of those that it needs (an intersection of tests has the level of each).
void set_verdict(const VerdictFacts& facts, const ScalingOptions& options,
                 ScalingJudgement& judgement);

}  // namespace spurion::analysis::fits
