#pragma once

#include "harness/run/run_plan.hpp"

namespace spurion::harness {

/// Keeps the trials of one shard: settings are dealt to the shards in turn, each with all its
/// seeds, so that seeds still train together. A trial that several experiments share belongs to the
/// shard of the first. All shards of a suite together have each trial once. Throws `UsageError` for
/// a shard that there is not.
void keep_shard(CheckedRun& run, const Shard& shard);

}  // namespace spurion::harness
