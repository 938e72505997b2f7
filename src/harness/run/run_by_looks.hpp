#pragma once

#include "harness/run/run_plan.hpp"
#include "spurion/catalog.hpp"
#include "spurion/run.hpp"
#include "spurion/suite.hpp"

namespace spurion::harness {

/// Runs what was checked, as `run_suite` does. A suite that may stop early (`Suite::stopping`) is
/// run look by look: first the seeds of the first look of every experiment; then its questions are
/// answered at the level of this look, and experiments all of whose questions are decided get no
/// further seeds. An experiment that no question is about gets all. The same suite always stops at
/// the same looks, also where a run was killed and goes on: looks are made anew, of trials that the
/// store has. Uses up the trials of `run`.
SPURION_API Progress run_suite_checked(const Suite& suite, const Catalog& catalog, CheckedRun& run,
                                       const RunOptions& options);

}  // namespace spurion::harness
