#pragma once

#include <string>

#include "spurion/analysis/answer.hpp"
#include "spurion/analysis/learning.hpp"
#include "spurion/analysis/results_view.hpp"
#include "spurion/analysis/seed_cells.hpp"
#include "spurion/analysis/study.hpp"
#include "spurion/analysis/trial_fields.hpp"
#include "spurion/export.hpp"
#include "spurion/question_kinds.hpp"
#include "spurion/schema.hpp"

/// \file
/// Kinds of questions: what is asked of stored results. A kind reads stores only, never trains, and
/// needs no LibTorch. It is registered as methods are:
///
///     struct RangeOptions { std::string domain = "test"; };
///
///     class AccuracyRange final : public spurion::Question {
///      public:
///       using Options = RangeOptions;
///       static const spurion::Schema<Options>& schema() {
///         static const auto s = spurion::Schema<Options>().field(
///             "domain", &Options::domain, "Domain in which models are scored.");
///         return s;
///       }
///       explicit AccuracyRange(Options options) : options_(std::move(options)) {}
///       spurion::analysis::Answer answer(const spurion::analysis::Study& study,
///                                        const std::string& experiment) const override;
///      private:
///       Options options_;
///     };
///
///     catalog.questions.add<AccuracyRange>("accuracy_range", "How far apart are the seeds?", "-");
///
/// The schema gives parsing, defaults, bounds, nearest names with file, line and column, and what
/// `spurion describe accuracy_range` prints. A field that must be given is `.required()`. A field
/// that names something of the trials says so, and is looked up before anything runs:
/// `.names(FieldUse::axis)`, `trial_field`, `method`, `experiment`, `phase`. A constructor may
/// throw a `UsageError` for options that do not fit each other.

namespace spurion {

/// Keys that every question has, whatever its kind. They are read and obeyed outside the kinds.
struct CommonQuestionOptions {
  std::string text;             ///< the question as the report prints it
  std::string kind;             ///< a registered name
  std::string experiment;       ///< that is asked about
  analysis::TrialFilter where;  ///< only these trials
  std::string by;               ///< a field of trials: one answer a value; empty: one for all
  /// A registered selector (selector.hpp), which chooses one hyper-parameter sample of each
  /// configuration. "none" keeps all.
  std::string selector = "none";
  /// Take each trial as it was at the update that the selector scores best.
  bool early_stopping = false;
  /// Whether the selector chooses at each value of the axis of the question by itself. false: one
  /// sample for all values, that with the best mean score over them.
  bool tune_per_scale = true;
  /// What the keys are, for reading and describing them.
  SPURION_API static const Schema<CommonQuestionOptions>& schema();
};

/// A kind of question with its options: answers from stored results.
class SPURION_API Question {
 public:
  virtual ~Question() = default;
  /// `study`: the trials that the question is about. `where`, `by` and `selector` have left the
  /// others out; `Study::selection` says how. `experiment`: the one that is asked about. An
  /// experiment without a trial that is done is answered with a sentence that says so. The answer's
  /// `question` is filled in by the caller; the same results give the same answer.
  [[nodiscard]] virtual analysis::Answer answer(const analysis::Study& study,
                                                const std::string& experiment) const = 0;
  /// Whether its answers name the differences that they judge (`Answer::contrasts`) and judge them
  /// at the level of `Study::test_level`. Only such questions may decide when a run stops.
  [[nodiscard]] virtual bool decides() const { return false; }
};

}  // namespace spurion
