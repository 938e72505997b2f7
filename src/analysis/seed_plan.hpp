#pragma once

#include "spurion/analysis/answer.hpp"
#include "spurion/export.hpp"
#include "spurion/store.hpp"
#include "spurion/suite.hpp"

/// \file
/// How many seeds the questions of a suite need: what `spurion power` prints.

namespace spurion::analysis {

struct SeedPlanOptions {
  double difference = 0.02;  ///< to be shown, beyond the margin of a question that has one
  double power = 0.8;        ///< the probability of showing it, in (0, 1)
};

/// From pilot trials, of any of the suite's experiments and with any number of seeds: every paired
/// difference that a question judges, how it varies between seeds, the seeds that it needs with a
/// 95 % interval, and what the seeds of the suite can show. Throws `UsageError` as
/// `check_questions`, and `StoreError` where no question has a difference in these trials.
SPURION_API Answer seed_plan(StoredResults pilot, const Suite& suite,
                             const SeedPlanOptions& options,
                             const QuestionKinds& kinds = builtin_questions());

/// Before there are trials: what the noise of the evaluated rows alone asks for, which is too few
/// as seeds vary too.
SPURION_API Answer seed_plan_of_rows(const Suite& suite, const SeedPlanOptions& options);

}  // namespace spurion::analysis
