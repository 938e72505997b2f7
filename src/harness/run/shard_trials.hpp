#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "harness/run/run_plan.hpp"
#include "harness/store/plan_file.hpp"
#include "spurion/export.hpp"

namespace spurion::harness {

/// The plan of what was checked: the same on every machine. `plugins`: files that it needs.
SPURION_API TrialPlan plan_of(const CheckedRun& run, const Suite& suite, const RunOptions& options,
                              const std::vector<std::string>& plugins = {});

/// Keeps the trials of one shard of a plan: those of about the same expected cost as the others
/// have
/// (`deal_shards`). A trial that several experiments share is in one shard, for all of them. All
/// shards of a suite together have each trial once. Throws `UsageError` for a shard that there is
/// not.
void keep_shard(CheckedRun& run, const Suite& suite, const RunOptions& options);

/// As `check_run`, of trials of a plan: those of `RunOptions::shard`, without making any of the
/// others. Throws `UsageError` where another build of spurion made the plan, or a plug-in has
/// changed since, and `DataError` where recorded rows have.
SPURION_API CheckedRun check_planned(const TrialPlan& plan, const Catalog& catalog,
                                     const RunOptions& options);

/// Throws `UsageError` where the files of the plug-ins of a plan are not what they were.
SPURION_API void check_plan_plugins(const TrialPlan& plan);

}  // namespace spurion::harness
