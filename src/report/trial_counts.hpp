#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "spurion/store.hpp"

namespace spurion::report {

/// The trials of some results, each counted once however many experiments it belongs to.
struct TrialCounts {
  std::int64_t trained = 0;      ///< of the suite, trained by spurion, whatever came of them
  std::int64_t diverged = 0;     ///< of these
  std::int64_t failed = 0;       ///< of these
  std::int64_t scored = 0;       ///< trained by other programs
  std::int64_t others = 0;       ///< not in the suite
  double flops = 0.0;            ///< floating-point operations of the trials of the suite
  double seconds = 0.0;          ///< of work
  std::int64_t rows = 0;         ///< that entered a gradient
  std::set<std::int64_t> seeds;  ///< of the trials of the suite
};

TrialCounts count_trials(const StoredResults& results);
/// The same where it is known of each trial whether it is there for the first time.
TrialCounts count_trials(const StoredResults& results, const std::vector<bool>& first);

/// What a reader is told before anything else: the notes of the results, and before them "The run
/// is not finished: ..." where the suite has more trials than were counted.
std::vector<std::string> notes_of(const StoredResults& results, const TrialCounts& counts);

}  // namespace spurion::report
