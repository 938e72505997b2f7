#pragma once

#include <cstdint>
#include <string>

#include "spurion/trial.hpp"

namespace spurion::analysis {

/// How the trials of one thing that is compared ended. Those that diverged or failed have no
/// numbers, so what is said rests on the others: that must be said too.
struct TrialFates {
  std::int64_t done = 0;      ///< trials that ended well
  std::int64_t diverged = 0;  ///< trials that diverged
  std::int64_t failed = 0;    ///< trials that failed
  std::string reason = {};    ///< the first line of what the first failed, else diverged, one said

  /// Counts a trial.
  void add(const TrialResult& trial);
  /// Counts the trials of another.
  void add(const TrialFates& others);
  /// All trials that were counted.
  [[nodiscard]] std::int64_t all() const { return done + diverged + failed; }
  /// "6 of 6 trials failed: needs() must ask for group_labels"; empty where all are done.
  [[nodiscard]] std::string text() const;
  /// The same as a sentence about `name`, which says what is left; empty where all are done.
  [[nodiscard]] std::string sentence(const std::string& name) const;
};

}  // namespace spurion::analysis
