#pragma once

#include <vector>

#include "spurion/environment.hpp"
#include "spurion/export.hpp"

namespace spurion::environments {

/// The population of environments in which a rule of the input, read without error, causes the
/// label, and a two-valued cue follows from the label:
///
///     s = +1 with probability `positive_share`, else -1
///     y = s, negated with probability `label_noise`
///     c = y, negated with probability e of the domain
///
/// Given s and c the rest of the input says nothing about y. So every predictor is a table of four
/// answers, and every ceiling a sum over the eight cells (s, c, y).
struct RuleAndCue {
  double positive_share = 0.5;
  double label_noise = 0.0;
};

/// Exact ceilings where the cue has shift `shift`, after training on domains with shifts `train`,
/// pooled with equal weights. The population minimiser is known where every pair (s, c) that occurs
/// here occurs in training.
[[nodiscard]] SPURION_API Ceilings rule_and_cue_ceilings(const RuleAndCue& law, double shift,
                                                         const std::vector<double>& train);

}  // namespace spurion::environments
