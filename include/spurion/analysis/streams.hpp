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
/// What training on a stream did: whether a confusion was resolved, or one cue replaced by another.

namespace spurion::analysis {

/// Predictions made before they were learned from, over one window of a stream.
struct StreamWindow {
  std::int64_t phase = 0;
  std::int64_t step = 0;  ///< updates made at its end
  double rows = 0.0;
  double score = 0.0;  ///< prequential accuracy, or squared error for regression
  /// Per row, against the Bayes and the invariant ceiling of the phase; NaN where those are
  /// unknown.
  double regret = std::numeric_limits<double>::quiet_NaN();
  double invariant_regret = std::numeric_limits<double>::quiet_NaN();
};

/// The numbers of one trial on a stream, by phase. Flip rates are in [0, 1]; for regression they
/// are the root of the mean squared change of the output in standard deviations of the target, and
/// traps are in shares of its variance, so that one margin serves both.
///
/// The unit of a number is that of the rows it is measured on ("target_variance"), so it does not
/// change from phase to phase, and is known under any drift: flips are measured on the same rows
/// after every phase, the trap of a phase on that phase's. In stores that lack it, it is the
/// variance of phase 0 for flips and of the phase for traps, as their ceilings say ("chance").
struct StreamNumbers {
  static constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();

  std::int64_t seed = 0;  ///< of the trial
  std::int64_t phases = 0;
  bool accuracy = true;                     ///< the score is better high
  std::vector<std::vector<double>> scores;  ///< [after phase][on phase]; NaN where not measured
  std::vector<std::vector<double>> traps;   ///< the same: score minus score with cues randomised
  std::vector<std::map<std::string, double>> flips;  ///< [after phase]: cue -> flip rate
  std::vector<std::vector<std::string>> active;      ///< cues that say something in each phase
  /// Further cues that did so while each phase was trained on: in phase 0 those of train domains
  /// other than the first, which is the one it is measured in and the others are compared with.
  std::vector<std::vector<std::string>> also_trained;
  std::vector<std::map<std::string, double>> positions;  ///< of the cues in each phase
  std::vector<double> drift;                             ///< level of each phase; NaN without
  std::vector<double> bayes;                             ///< ceilings of each phase
  std::vector<double> invariant;
  std::vector<double> chance;
  std::vector<double>
      variance;  ///< of the target in each phase, for regression: the unit of scores
  std::vector<StreamWindow> windows;
  double rows = 0.0;       ///< that scores, traps and flips are measured on; 0: not known
  bool same_rows = false;  ///< they are all there are, the same with every seed

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
  /// what following a cue that has turned gives. NaN where one of these phases has no known
  /// ceilings.
  [[nodiscard]] SPURION_API double off_chance(std::int64_t after) const;

  /// What scores and flip rates can be.
  [[nodiscard]] Range range() const { return {0.0, accuracy ? 1.0 : Range{}.high}; }
  /// What a difference of two of them can be.
  [[nodiscard]] Range difference_range() const { return {-range().high, range().high}; }
  /// The cues that began to say something, or something else, when any did last, as of a phase: of
  /// phase 0 all it is trained on; where none did since, those of the domain it is measured in.
  [[nodiscard]] SPURION_API std::vector<std::string> newest(std::int64_t phase) const;
  /// Whether cues stand elsewhere than in the phase before, or something else drifted.
  [[nodiscard]] SPURION_API bool shifts(std::int64_t phase) const;
  /// Whether two phases are of one distribution.
  [[nodiscard]] SPURION_API bool same(std::int64_t phase, std::int64_t other) const;
  /// Largest flip rate of the newest cues: how far they were adopted.
  [[nodiscard]] double adoption(std::int64_t phase) const { return adoption(phase, phase); }
  /// The same of the model after another phase; NaN where the cues of the phases are not known.
  [[nodiscard]] SPURION_API double adoption(std::int64_t phase, std::int64_t after) const;
  /// Largest flip rate of the other cues that said something in training so far; NaN when there is
  /// none.
  [[nodiscard]] SPURION_API double residue(std::int64_t phase) const;
  /// Largest flip rate of the cues that never said anything in training so far; NaN when there is
  /// none.
  [[nodiscard]] SPURION_API double unpaired(std::int64_t phase) const;
  /// Largest flip rate of all cues; 1 minus it is the resolution.
  [[nodiscard]] SPURION_API double worst_flip(std::int64_t phase) const;

  /// Score lost, once a phase was trained on, on those before it, against the best since they were
  /// trained on (Chaudhry et al. 2018).
  [[nodiscard]] SPURION_API double forgetting(std::int64_t phase) const;
  /// Mean change of earlier phases' scores since they were trained on (Lopez-Paz & Ranzato 2017);
  /// better high.
  [[nodiscard]] SPURION_API double backward_transfer(std::int64_t phase) const;
  /// Score of a phase before it is trained on, above chance; better high.
  [[nodiscard]] SPURION_API double head_start(std::int64_t phase) const;
  /// Rows after the shift to a phase until a window's score is within `margin` (for regression: of
  /// the target's variance) of its Bayes ceiling; a phase that ends before counts with its whole
  /// length. NaN without shift, windows or a known ceiling.
  [[nodiscard]] SPURION_API double recovery_rows(std::int64_t phase, double margin) const;
  /// Largest shortfall of a window of a phase from the Bayes ceiling.
  [[nodiscard]] SPURION_API double dip(std::int64_t phase) const;
  /// Score after a phase whose like was met before, with others between, minus the score then:
  /// below 0 plasticity was lost. NaN when it is met for the first time.
  [[nodiscard]] SPURION_API double late_against_early(std::int64_t phase) const;

  // Of the whole stream: after its last phase, or the mean over phases.
  [[nodiscard]] double forgetting() const { return forgetting(phases - 1); }
  [[nodiscard]] double backward_transfer() const { return backward_transfer(phases - 1); }
  [[nodiscard]] SPURION_API double forward_transfer() const;
  [[nodiscard]] SPURION_API double recovery_rows(double margin) const;
  [[nodiscard]] SPURION_API double worst_dip() const;
  /// Of the last phase that comes again.
  [[nodiscard]] SPURION_API double late_against_early() const;
  /// Sum over the stream of regret times rows; NaN where a ceiling is not known.
  [[nodiscard]] SPURION_API double dynamic_regret() const;
};

/// Empty when the trial had no stream.
SPURION_API std::optional<StreamNumbers> stream_numbers(const TrialResult& trial);

enum class StreamOutcome {
  resolved,       ///< was confused; hardly follows any cue now, no cue makes its score, and learned
  replaced,       ///< its score is now made by the cues of the phase, which it was not before
  adopted,        ///< the same, but it had followed no cue before, or none has shifted since
  unchanged,      ///< neither its reliance on any cue nor what they make of its score moved
  returned,       ///< as unchanged, but in a phase between they had moved
  not_confused,   ///< never followed a cue, and learned
  collapsed,      ///< had learned, and now scores as if it had not, though it follows no cue
  did_not_learn,  ///< scores as if it had learned nothing, in the end as in the beginning
  not_measurable,  ///< the world cannot change its cue, so flips or trap are not known
  undecided        ///< the intervals allow more than one of these, or none holds
};
SPURION_API const char* outcome_name(StreamOutcome outcome);
/// The same as what a sentence says of a model: "resolved the confusion".
SPURION_API const char* outcome_clause(StreamOutcome outcome);

/// A verdict and the numbers behind it, with 95 % intervals over seeds, at one phase.
struct StreamVerdict {
  StreamOutcome outcome = StreamOutcome::undecided;
  Estimate flip_before;  ///< worst flip rate after phase 0
  Estimate flip_after;
  Estimate flip_change;      ///< paired
  Estimate trap;             ///< on the phase, after it
  Estimate trap_change;      ///< paired, against the model of phase 0 on the same phase
  Estimate adoption;         ///< flip rate of the newest cue
  Estimate adoption_change;  ///< paired, against the same cue after phase 0
  Estimate learned_first;    ///< score on phase 0 after it, beyond half-way (learning.hpp)
  Estimate learned_now;      ///< the same of this phase

  /// Whether it learned in this phase. Where that is `unknown` an outcome says nothing about it.
  [[nodiscard]] Learned learned() const { return analysis::learned(learned_now); }
};

/// `strata`: trials of each setting, of at least two seeds each for an outcome; `phase` < 0 means
/// the last. An outcome is given only when the intervals lie on its side of `margin`, and only when
/// they have a width. In this order:
///  - did_not_learn, collapsed: near chance on every phase so far, and where phase 0 was learned
///    collapsed; also where a model that would be resolved or not_confused did not learn the phase;
///  - not_confused: worst flip rate below the margin before and after, trap within it of 0, and the
///    phase learned;
///  - resolved: before, above; after, below, the trap within it of 0, and the phase learned;
///  - adopted, replaced: trap above it, and risen by more than it. In a phase in which no cue says
///    anything, so that no score can be owed to one: adoption above it, and risen by more than it.
///    Replaced where the worst flip rate before was above it; adopted where that was below it, or
///    no phase was another than the first;
///  - unchanged: change of the trap, and of the flip rate of each cue, within it; returned, if one
///    of these had changed by more than it in a phase between.
/// Where the ceilings of a phase are not known learning is not asked for (`learned()`).
SPURION_API StreamVerdict stream_verdict(const std::vector<std::vector<StreamNumbers>>& strata,
                                         std::int64_t phase, double margin, const std::string& key);

}  // namespace spurion::analysis
