#pragma once

#include <vector>

#include "spurion/environment.hpp"

namespace spurion::environments {

/// Population of an environment whose rows differ in how hard the causal feature is to read:
///
///     y = -1 or +1, evenly;  hard with probability `share of hard rows`, the shift
///     difficulty d ~ U(0, 1/2) for easy rows, U(1/2, 1) for hard ones
///     reading s ~ N(y distance(d), 1), distance(d) = (1 - d) nearest_end + d farthest_end
///     cue = y, negated with probability disagreement[hard]
///
/// Neither class nor difficulty is seen.
struct DifficultyLaw {
  double easiest = 2.0;  ///< distance at d = 0, > 0
  double hardest = 0.0;  ///< at d = 1, in [0, easiest]
  double easy_disagreement = 0.0;
  double hard_disagreement = 0.5;
};

/// Distance of the two labels' readings at difficulty d.
[[nodiscard]] double distance_at(const DifficultyLaw& law, double difficulty);

/// All ceilings; `hard` is the share of hard rows here, `train` that of each train domain. Where
/// the cue is +1 the log-odds of y rise with s, so that the best answer is +1 above one threshold,
/// found by bisection; where it is -1 the threshold has the other sign. Bayes takes it for the
/// domain, ERM for the pool of train domains. Spurious only: the sign of the cue, or its opposite,
/// whichever is right more often in the pool.
[[nodiscard]] Ceilings difficulty_ceilings(const DifficultyLaw& law, double hard,
                                           const std::vector<double>& train);

}  // namespace spurion::environments
