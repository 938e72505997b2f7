#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "harness/store/plan_file.hpp"
#include "spurion/export.hpp"

namespace spurion::harness {

/// Trials of a plan that follow each other: places in `TrialPlan::trials`.
struct TrialStretch {
  std::size_t first = 0;
  std::size_t count = 0;
};

/// Deals packs to shards of about the same expected cost: the most expensive pack first, each to
/// the shard with the least so far. A shard gets no more than its share of the whole: what goes
/// beyond is cut off and dealt on, so that shards differ by about one trial. Returns what each
/// shard has; some may have nothing. The same packs are always dealt in the same way.
SPURION_API std::vector<std::vector<TrialStretch>> deal_shards(
    const std::vector<PlannedPack>& packs, std::int64_t shards);

/// What a pack is expected to cost, in operations: its training, its start and its evaluation.
SPURION_API double expected_work(const PlannedPack& pack);

/// The trials of shard `number` (1 to `shards`), in the order of the plan. Throws `UsageError` for
/// a shard that there is not.
SPURION_API std::vector<PlannedTrial> shard_of(const TrialPlan& plan, std::int64_t number,
                                               std::int64_t shards);

}  // namespace spurion::harness
