#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "harness/trial_id.hpp"
#include "spurion/suite.hpp"

namespace spurion {

/// What a trial takes of memory while a run is planned, at most where the trials of a grid share
/// most of their sections.
constexpr double kTrialBytes = 2000.0;

/// How many trials an experiment asks for, before any is made; at most 2^61.
SPURION_API std::int64_t trial_count(const Experiment& experiment);

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

}  // namespace spurion
