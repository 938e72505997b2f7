#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "spurion/analysis/chart.hpp"
#include "spurion/analysis/check.hpp"
#include "spurion/analysis/seed_cells.hpp"
#include "spurion/analysis/table.hpp"
#include "spurion/question_kinds.hpp"
#include "spurion/store.hpp"
#include "spurion/suite.hpp"

/// \file
/// From stored results to answers, in a form that knows nothing of HTML or terminals. Which kinds
/// of questions there are and the keys that each reads say `spurion list questions` and `spurion
/// describe KIND`; question.hpp says how to add one.

namespace spurion::analysis {

/// A difference that an answer judges, paired by seed. The number of seeds is planned from it, and
/// a run that stops early looks at it.
struct Contrast {
  std::string name;              ///< what is compared, such as "irm_v1 minus erm"
  std::string number;            ///< which number, such as "OOD"
  Estimate difference;           ///< its mean with a 95 % interval
  double error = 0.0;            ///< standard error of the mean, from the spread of the seeds
  double freedom = 0.0;          ///< degrees of freedom of `error`; 0: nothing tells the spread
  MeanNoise noise;               ///< standard error from the evaluated rows alone
  std::int64_t comparisons = 1;  ///< the family that its p values are adjusted for (Holm)
  double margin = 0.0;           ///< it is shown where it lies further than this from 0
  bool sign_flips = true;        ///< a sign-flip test must show it too, where the seeds suffice
  bool decided = false;          ///< the answer tells which way it goes, at the level of the study
};

/// What a question is answered with.
struct Answer {
  std::string question;       ///< as the suite asks it
  std::string sentence;       ///< the answer in words; a line break begins a paragraph
  std::vector<Chart> charts;  ///< in the order of the page
  std::vector<Table> tables;  ///< in the order of the page
  /// What it found of published numbers and claims; empty where it is about none.
  std::vector<Check> checks = {};
  /// The differences that it judges; empty where its kind plans no seeds.
  std::vector<Contrast> contrasts = {};
};

/// Throws `UsageError` that lists what is wrong with the questions of a suite: unknown kinds and
/// keys, keys that are missing, numbers out of range, and what none of the experiment's trials has
/// (fields of trials, their values, methods, phases). `trials`: of the suite; of an experiment
/// without any, less is checked.
SPURION_API void check_questions(const Suite& suite, const std::vector<TrialSpec>& trials,
                                 const QuestionKinds& kinds = builtin_questions());

/// Answers every question of the stored suite, in order; a suite without questions is asked about
/// its methods. A question of a kind that is not among `kinds`, but came with a plug-in of the
/// store, is answered with which plug-ins those are. Throws `UsageError` as `check_questions` does.
SPURION_API std::vector<Answer> answer_all(const StoredResults& results,
                                           const QuestionKinds& kinds = builtin_questions());

/// Accuracy (or error) along the shift curve with the ceilings, one chart an experiment and
/// environment.
SPURION_API std::vector<Chart> shift_charts(const StoredResults& results);

}  // namespace spurion::analysis
