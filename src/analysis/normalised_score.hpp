#pragma once

#include <string>

#include "spurion/export.hpp"
#include "spurion/trial.hpp"

/// \file
/// The score of a model in the test domain on a scale that environments share:
///
///     (score - cue only) / (invariant - cue only)
///
/// where both ceilings are those of the test domain. 0: as a predictor that uses the cue only; 1:
/// as the best predictor that does not use it. It is 1 minus the confusion index. Where the cue
/// costs nothing in the test domain, or next to nothing, a share of it has no meaning.

namespace spurion::analysis {

/// Why scores have no place on the scale.
enum class ScaleProblem {
  none,
  unknown,   ///< one of the ceilings is not stored
  no_cost,   ///< the predictor that uses the cue only is as good as the invariant one, or better
  too_close  ///< it is worse by less than `kLeastToLearn`
};

/// The two ceilings of the test domain that scores lie between. NaN: not known.
struct ScoreScale {
  double cue_only = 0.0;
  double invariant = 0.0;
  bool accuracy = true;  ///< false: a loss, of which less is better

  /// By how much the invariant predictor is better.
  [[nodiscard]] double cost() const {
    return accuracy ? invariant - cue_only : cue_only - invariant;
  }
  [[nodiscard]] SPURION_API ScaleProblem problem() const;
  /// A score on the scale. NaN unless `problem()` is none.
  [[nodiscard]] SPURION_API double of(double score) const;
};

/// The scale of a trial. `accuracy`: scored by accuracy, else by the loss.
SPURION_API ScoreScale score_scale(const TrialResult& trial, bool accuracy);

}  // namespace spurion::analysis
