#pragma once

#include <string>

#include "spurion/analysis/statistics.hpp"
#include "spurion/trial.hpp"

/// \file
/// Whether a model learned at all. A model with constant predictions has no gap and relies on no
/// cue, so every kind of question checks this before it reports a success.
///
/// A model has learned if its score is at least half-way (`kLearnedShare`) from chance (the best
/// constant) to the invariant ceiling (the best predictor from causal features) of the domain.
/// Every trial stores both. If one of them is not known, or they differ by less than
/// `kLeastToLearn`, the result is `unknown`.
///
/// Over seeds, with the interval of "score minus half-way": `yes` if all of it is at least 0, `no`
/// if all of it is below 0, else `unsure`. One seed, or several equal ones: `no` if below 0, else
/// `unsure`.

namespace spurion::analysis {

/// The share of the way from chance to the invariant ceiling that counts as learned.
inline constexpr double kLearnedShare = 0.5;
/// The smallest difference of the two: in accuracy, or as a share of the loss at chance.
inline constexpr double kLeastToLearn = 0.02;

/// Whether a model has learned; unsure where the interval allows both, unknown without a ceiling.
enum class Learned { yes, no, unsure, unknown };

/// The scale of learning in a domain: the score of the best constant and of the best predictor from
/// causal features. NaN: not known.
struct LearningScale {
  double chance = 0.0;     ///< score of the best constant
  double invariant = 0.0;  ///< score of the best predictor from causal features
  bool accuracy = true;    ///< false: a loss (lower is better)

  /// Half of the distance between the two; NaN if there is nothing to learn.
  [[nodiscard]] SPURION_API double half_way() const;
  /// By how much a score is better than half-way; negative: worse. NaN as above.
  [[nodiscard]] SPURION_API double beyond(double score) const;
};

/// The scale of a domain of a trial; `metric` is "accuracy" or "loss".
SPURION_API LearningScale learning_scale(const TrialResult& trial, const std::string& domain,
                                         const std::string& metric);

/// The result for an estimate of `LearningScale::beyond`.
SPURION_API Learned learned(const Estimate& beyond);

/// The rule, for captions.
inline constexpr const char* kLearnedText =
    "A model has learned if its score is at least half-way from chance (the best constant) to the "
    "invariant ceiling";

}  // namespace spurion::analysis
