#pragma once

#include <vector>

#include "spurion/environment.hpp"

namespace spurion::environments {

/// Population of one domain of an environment with a hidden confounder:
///
///     u ~ N(mean, 1), h ~ N(0, 1),  label = [causal u + hidden h + N(0, 1) > 0],
///     cue t = correlation h + sqrt(1 - correlation^2) N(0, 1).
struct ConfoundedLaw {
  double causal = 1.0;
  double hidden = 1.0;
  double correlation = 0.0;
  double mean = 0.0;
};

/// All ceilings. u, t and what the label is the sign of are jointly normal, so that the best
/// answer is the sign of
///
///     causal u + hidden correlation t,
///
/// and two normals have one sign with probability 1/2 + arcsin(their correlation) / pi: closed
/// form where the means are 0, else an integral over the answer's sign. The invariant predictor
/// answers with the sign of u. The cue alone is used as the pooled train domains teach it.
/// Population ERM is known where train domains differ in `mean` only (there it is Bayes), or are
/// two: Phi(a) + Phi(b) > 1 just where a + b > 0.
[[nodiscard]] SPURION_API Ceilings confounded_ceilings(const ConfoundedLaw& here,
                                                       const std::vector<ConfoundedLaw>& train);

}  // namespace spurion::environments
