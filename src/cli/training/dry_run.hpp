#pragma once

#include "harness/run/run_plan.hpp"

namespace spurion::cli {

/// Prints what a run of the suite would do, given what was checked, and refuses what it would
/// refuse. Runs nothing, writes nothing.
void print_dry_run(const Suite& suite, harness::CheckedRun& run, const RunOptions& options);

}  // namespace spurion::cli
