#pragma once

#include <string>

#include "spurion/analysis/statistics.hpp"
#include "spurion/trial.hpp"

/// \file
/// Whether a model learned at all: the judgement that every kind of question asks for before it
/// praises one. A model that says the same of every row has no gap and follows no cue.
///
/// A model has learned when its score is at least half-way (`kLearnedShare`) from chance (the best
/// constant) to the invariant ceiling (the best that causal features give) of the domain it is
/// scored in. Both are stored with every trial. Where one of them is not known, or the two are
/// nearer than `kLeastToLearn`, nothing is said about learning.
///
/// Over seeds: learned when the whole interval of "score beyond half-way" lies at 0 or above, did
/// not learn when it lies below 0, and unsure in between. One seed, or several that coincide, did
/// not learn where they fall short, and are unsure where they do not.

namespace spurion::analysis {

/// The share of the way from chance to the invariant ceiling that counts as learned.
inline constexpr double kLearnedShare = 0.5;
/// How far the two must be apart: in accuracy, or as a share of the loss at chance.
inline constexpr double kLeastToLearn = 0.02;

enum class Learned { yes, no, unsure, unknown };

/// What there is to learn in a domain: the score of the best constant, and of the best predictor
/// that uses causal features only. NaN where not known.
struct LearningScale {
  double chance = 0.0;
  double invariant = 0.0;
  bool accuracy = true;  ///< else a loss, which is better low

  /// Half the way from the one to the other, as a size; NaN where there is nothing to learn.
  [[nodiscard]] SPURION_API double half_way() const;
  /// By how much a score is better than half-way; below 0 it is worse. NaN as above.
  [[nodiscard]] SPURION_API double beyond(double score) const;
};

/// That of a domain of a trial; `metric` is "accuracy" or "loss".
SPURION_API LearningScale learning_scale(const TrialResult& trial, const std::string& domain,
                                         const std::string& metric);

/// By an estimate of what scores are better than half-way.
SPURION_API Learned learned(const Estimate& beyond);

/// The rule, for captions.
inline constexpr const char* kLearnedText =
    "A model has learned when its score is at least half-way from chance (the best constant) to "
    "the invariant ceiling";

}  // namespace spurion::analysis
