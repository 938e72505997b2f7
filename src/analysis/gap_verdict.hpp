#pragma once

#include <string>
#include <vector>

#include "spurion/analysis/learning.hpp"
#include "spurion/analysis/statistics.hpp"
#include "spurion/export.hpp"

namespace spurion::analysis {

/// The gap at one scale, and whether the model learned in distribution there.
struct GapAtScale {
  double scale = 0.0;
  Estimate gap;
  Learned learned = Learned::unknown;
};

enum class GapOutcome {
  no_gap,           ///< within the margin of 0 at every scale, so that there was nothing to close
  closes,           ///< within it at the largest, and above the margin at a smaller one
  closed_there,     ///< within it at the largest; that it was above at a smaller one is not shown
  overshoots,       ///< below it there: better out of distribution than in it
  grows,            ///< the paired change lies above the margin
  shrinks,          ///< the change lies below minus the margin; the gap may be closed
  shrinks_open,     ///< the same, and the gap at the largest lies above the margin
  plateaus,         ///< the change lies within the margin, the gap at the largest above it
  open,             ///< the gap at the largest lies above the margin; no change beyond it is shown
  collapsed,        ///< did not learn at the largest scale, but did at a smaller one
  did_not_learn,    ///< did not learn at the largest scale, nor surely at a smaller one
  learning_unsure,  ///< would be closed, but it is not shown that it learned there
  one_scale,
  one_seed,  ///< or seeds that coincide, so that there is no spread to judge by
  undecided  ///< the data allow more than one of these
};

/// What a column of verdicts says.
SPURION_API const char* gap_outcome_name(GapOutcome outcome);
/// What became of the gap, as a clause after "it ": "closes"; empty for those that need none.
std::string gap_clause(GapOutcome outcome);
/// "Yes", "No", "Undecided" ...: whether more of the axis closes the gap.
SPURION_API std::string gap_headline(GapOutcome outcome);

/// `scales`: from the smallest to the largest; `change`: largest minus smallest, paired. A closed
/// gap of a model that did not learn is no success.
SPURION_API GapOutcome gap_outcome(const std::vector<GapAtScale>& scales, const Estimate& change,
                                   double margin);

}  // namespace spurion::analysis
