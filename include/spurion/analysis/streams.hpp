#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "spurion/analysis/learning.hpp"
#include "spurion/analysis/statistics.hpp"
#include "spurion/trial.hpp"

/// \file
/// The effect of training on a stream: the model resolves a confusion, or replaces one cue by
/// another.

namespace spurion::analysis {

/// Predictions for one window of a stream, made before the model learns from its rows.
struct StreamWindow {
  std::int64_t phase = 0;  ///< phase of the rows
  std::int64_t step = 0;   ///< updates made at its end
  double rows = 0.0;       ///< rows of the window
  double score = 0.0;      ///< prequential accuracy, or squared error for regression
  /// Per row, against the Bayes and the invariant ceiling of the phase; NaN where those are
  /// unknown.
  double regret = std::numeric_limits<double>::quiet_NaN();
  /// Against the invariant ceiling.
  double invariant_regret = std::numeric_limits<double>::quiet_NaN();
};

/// The numbers of one trial on a stream, by phase. Flip rates are in [0, 1]. For regression a flip
/// rate is the root mean squared change of the output in standard deviations of the target, and a
/// cue contribution is a share of the variance of the target. One margin fits both.
///
/// The unit is the variance of the target on the rows of the measurement ("target_variance"). Flip
/// rates use the same rows after every phase; the cue contribution of a phase uses the rows of that
/// phase. If a store lacks "target_variance", the unit is the "chance" ceiling: of phase 0 for flip
/// rates, of the phase itself for cue contributions.
struct StreamNumbers {
  static constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();  ///< Not known.

  std::int64_t seed = 0;                    ///< of the trial
  std::int64_t phases = 0;                  ///< number of phases, the first included
  bool accuracy = true;                     ///< the score is better high
  std::vector<std::vector<double>> scores;  ///< [after phase][on phase]; NaN where not measured
  std::vector<std::vector<double>>
      cue_contributions;  ///< the same: score minus the score with cues randomised
  std::vector<std::map<std::string, double>> flips;  ///< [after phase]: cue -> flip rate
  std::vector<std::vector<std::string>> active;      ///< informative cues of each phase
  /// Cues that are informative only in further training domains of the phase: in phase 0 those of
  /// the train domains after the first. (Phase 0 is evaluated in the first train domain.)
  std::vector<std::vector<std::string>> also_trained;
  std::vector<std::map<std::string, double>> cue_shifts;  ///< of the cues in each phase
  std::vector<double> control_shift;                      ///< level of each phase; NaN without
  std::vector<double> bayes;                              ///< ceilings of each phase
  std::vector<double> invariant;                          ///< invariant ceiling of each phase
  std::vector<double> chance;  ///< score of the best constant in each phase
  std::vector<double>
      variance;  ///< of the target in each phase, for regression: the unit of scores
  std::vector<StreamWindow> windows;  ///< prequential scores, in order
  double rows = 0.0;       ///< evaluated rows of scores, contributions and flip rates; 0: not known
  bool same_rows = false;  ///< all rows that exist, the same for every seed

  /// What there is to learn in a phase.
  [[nodiscard]] LearningScale scale(std::int64_t phase) const {
    const auto at = static_cast<std::size_t>(phase);
    if (at >= chance.size() || at >= invariant.size()) return {kUnknown, kUnknown, accuracy};
    return {chance[at], invariant[at], accuracy};
  }
  /// By how much the score on a phase after another is better than half-way from chance to the
  /// invariant ceiling; NaN where that is not known.
  [[nodiscard]] SPURION_API double learned_on(std::int64_t phase, std::int64_t after) const;
  /// How far the score is from chance on the phase, of those up to `after`, on which it is
  /// farthest, beyond half the way to the invariant ceiling there: below 0 it is near chance on all
  /// of them. Of two classes that are about as likely a score below chance counts as well: it is
  /// what reliance on a reversed cue gives. NaN where one of these phases has no known
  /// ceilings.
  [[nodiscard]] SPURION_API double off_chance(std::int64_t after) const;

  /// What scores and flip rates can be.
  [[nodiscard]] Range range() const { return {0.0, accuracy ? 1.0 : Range{}.high}; }
  /// What a difference of two of them can be.
  [[nodiscard]] Range difference_range() const { return {-range().high, range().high}; }
  /// Cues whose correlation with the label changed most recently, at or before this phase. For
  /// phase 0: all cues of its training domains. If none has changed since: the cues of the phase's
  /// evaluation domain.
  [[nodiscard]] SPURION_API std::vector<std::string> newest(std::int64_t phase) const;
  /// Whether a cue or a control shift differs from the phase before.
  [[nodiscard]] SPURION_API bool shifts(std::int64_t phase) const;
  /// Whether two phases have the same distribution.
  [[nodiscard]] SPURION_API bool same(std::int64_t phase, std::int64_t other) const;
  /// Reliance on new cues: the largest flip rate of the `newest` cues of a phase.
  [[nodiscard]] double new_cue_reliance(std::int64_t phase) const {
    return new_cue_reliance(phase, phase);
  }
  /// The same for the model after another phase; NaN if the cues of the phases are not known.
  [[nodiscard]] SPURION_API double new_cue_reliance(std::int64_t phase, std::int64_t after) const;
  /// Reliance on old cues: the largest flip rate of the other cues that were informative in the
  /// training so far; NaN if there is none.
  [[nodiscard]] SPURION_API double old_cue_reliance(std::int64_t phase) const;
  /// Reliance on unseen cues: the largest flip rate of the cues that were never informative in the
  /// training so far; NaN if there is none.
  [[nodiscard]] SPURION_API double unseen_cue_reliance(std::int64_t phase) const;
  /// The largest flip rate of all cues.
  [[nodiscard]] SPURION_API double max_flip_rate(std::int64_t phase) const;

  /// Mean loss of score on earlier phases, compared with the best score since the model trained on
  /// them (Chaudhry et al. 2018).
  [[nodiscard]] SPURION_API double forgetting(std::int64_t phase) const;
  /// Mean change of the score on earlier phases since the model trained on them (Lopez-Paz &
  /// Ranzato 2017). Higher is better.
  [[nodiscard]] SPURION_API double backward_transfer(std::int64_t phase) const;
  /// Score on a phase before the model trains on it, minus the chance score. Higher is better.
  [[nodiscard]] SPURION_API double zero_shot_score(std::int64_t phase) const;
  /// Rows from the shift to a phase until the score of a window is within `margin` of its Bayes
  /// ceiling (regression: a share of the variance of the target). A phase that ends earlier counts
  /// with all its rows. NaN without a shift, windows or a known ceiling.
  [[nodiscard]] SPURION_API double recovery_rows(std::int64_t phase, double margin) const;
  /// The largest shortfall of a window of a phase from the Bayes ceiling.
  [[nodiscard]] SPURION_API double max_regret(std::int64_t phase) const;
  /// Score after a phase that occurred before, with other phases between, minus the score then.
  /// Below 0: loss of plasticity, or interference. NaN if the phase occurs for the first time.
  [[nodiscard]] SPURION_API double relearning_change(std::int64_t phase) const;

  // Of the whole stream: after its last phase, or the mean over phases.
  /// After the last phase.
  [[nodiscard]] double forgetting() const { return forgetting(phases - 1); }
  /// After the last phase.
  [[nodiscard]] double backward_transfer() const { return backward_transfer(phases - 1); }
  /// Mean zero-shot score of the phases after the first.
  [[nodiscard]] SPURION_API double forward_transfer() const;
  /// Mean over the phases after a shift.
  [[nodiscard]] SPURION_API double recovery_rows(double margin) const;
  /// Largest shortfall of a window from the Bayes ceiling.
  [[nodiscard]] SPURION_API double max_regret() const;
  /// For the last phase that occurs again.
  [[nodiscard]] SPURION_API double relearning_change() const;
  /// Sum over the stream of regret times rows; NaN where a ceiling is not known.
  [[nodiscard]] SPURION_API double dynamic_regret() const;
};

/// Empty when the trial had no stream.
SPURION_API std::optional<StreamNumbers> stream_numbers(const TrialResult& trial);

/// What training on did, judged by intervals.
enum class StreamOutcome {
  resolved,        ///< relied on a cue, and no longer relies on any; it learned the phase
  replaced,        ///< relied on a cue, and now gets its score from the cues of the phase
  adopted,         ///< as replaced, but it relied on no cue before, or nothing has shifted
  unchanged,       ///< its reliance on each cue and the cue contribution did not change
  returned,        ///< as unchanged, but they had changed in a phase between
  not_confused,    ///< relied on no cue before and after; it learned the phase
  collapsed,       ///< it had learned phase 0, and no longer has learned; it relies on no cue
  did_not_learn,   ///< it learned neither phase 0 nor this phase
  not_measurable,  ///< the environment cannot intervene on its cue
  undecided        ///< the intervals allow several outcomes, or none
};
/// The name that tables print: "not confused".
SPURION_API const char* outcome_name(StreamOutcome outcome);
/// The same as a clause of a sentence: "resolved the confusion".
SPURION_API const char* outcome_clause(StreamOutcome outcome);

/// The verdict for one phase and its numbers, with 95 % intervals over seeds.
struct StreamVerdict {
  StreamOutcome outcome = StreamOutcome::undecided;  ///< the verdict
  Estimate flip_before;                              ///< max flip rate after phase 0
  Estimate flip_after;                               ///< max flip rate after the phase
  Estimate flip_change;                              ///< paired
  Estimate cue_contribution;                         ///< on the phase, after training on it
  Estimate cue_contribution_change;  ///< paired with the model after phase 0, on the same rows
  Estimate new_cue_reliance;         ///< reliance on new cues
  Estimate new_cue_reliance_change;  ///< paired with the same cues after phase 0
  Estimate learned_first;            ///< score on phase 0 after it, minus half-way (learning.hpp)
  Estimate learned_now;              ///< the same for this phase

  /// Whether the model learned this phase; `unknown` if the ceiling is not known.
  [[nodiscard]] Learned learned() const { return analysis::learned(learned_now); }
};

/// `strata`: trials of each configuration, at least two seeds each. `phase` < 0: the last phase. An
/// outcome needs intervals with a width that lie on its side of `margin`. The first that holds:
///  - did_not_learn, collapsed: the score is near chance on every phase so far, or the model would
///  be
///    resolved or not_confused but did not learn the phase. collapsed if it learned phase 0;
///  - not_confused: max flip rate below the margin before and after, cue contribution within it,
///  and
///    the phase learned;
///  - resolved: the same, but the max flip rate was above the margin before;
///  - adopted, replaced: cue contribution above the margin, and increased by more than it. If no
///  cue
///    of the phase is informative: reliance on new cues instead of cue contribution. replaced if
///    the max flip rate was above the margin before; adopted if it was below, or nothing has
///    shifted;
///  - unchanged: changes of the cue contribution and of each cue's flip rate within the margin.
///    returned if one of them had changed by more than the margin in a phase between.
/// If the ceilings of a phase are not known, learning is not required (`learned()`).
SPURION_API StreamVerdict stream_verdict(const std::vector<std::vector<StreamNumbers>>& strata,
                                         std::int64_t phase, double margin, const std::string& key);

}  // namespace spurion::analysis
