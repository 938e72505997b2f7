#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "harness/suite/trial_id.hpp"
#include "spurion/suite.hpp"

namespace spurion::harness {

/// What a trial takes of memory while a run is planned, besides sections that it shares with
/// others: it is held twice while packs are made of it.
constexpr double kTrialBytes = 600.0;
/// What a section takes that is written once for each value of a grid axis, with the value as the
/// suite has it, or once a draw.
constexpr double kSectionBytes = 800.0;
constexpr double kDrawnBytes = 400.0;

/// How many trials an experiment asks for, before any is made; at most 2^61.
SPURION_API std::int64_t trial_count(const Experiment& experiment);

/// About how much memory it takes to plan an experiment's trials.
SPURION_API double planning_bytes(const Experiment& experiment);

/// Refuses suites whose trials do not fit `memory_bytes` (0: half of this machine's memory): with
/// the experiment, how many trials it asks for and why, and how many would fit. Throws
/// `UsageError`.
SPURION_API void check_trial_count(const Suite& suite, double memory_bytes);

/// The trials of a suite and their identities, in a fixed order.
struct Expansion {
  std::vector<TrialSpec> trials;
  std::vector<TrialId> ids;
};

/// As `Suite::trials`.
SPURION_API Expansion expand(const Suite& suite, const Catalog& catalog, double memory_bytes);

/// The trials at these places of the expansion of a suite, rising, and nothing of the others: a
/// shard of a large suite is made in no time. Places beyond the last trial are left out.
SPURION_API Expansion expand_places(const Suite& suite, const Catalog& catalog,
                                    const std::vector<std::uint32_t>& places);

}  // namespace spurion::harness
