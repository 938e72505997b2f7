#pragma once

#include <string>
#include <vector>

#include "spurion/analysis/chart.hpp"
#include "spurion/analysis/check.hpp"
#include "spurion/analysis/table.hpp"
#include "spurion/question_kinds.hpp"
#include "spurion/store.hpp"
#include "spurion/suite.hpp"

/// \file
/// From stored results to answers, in a form that knows nothing of HTML or terminals. Which kinds
/// of questions there are and the keys that each reads say `spurion list questions` and `spurion
/// describe KIND`; question.hpp says how to add one.

namespace spurion::analysis {

/// What a question is answered with.
struct Answer {
  std::string question;       ///< as the suite asks it
  std::string sentence;       ///< the answer in words
  std::vector<Chart> charts;  ///< in the order of the page
  std::vector<Table> tables;  ///< in the order of the page
  /// What it found of published numbers and claims; empty where it is about none.
  std::vector<Check> checks = {};
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
