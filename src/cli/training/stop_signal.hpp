#pragma once

#include <csignal>

#include <atomic>

namespace spurion::cli {

/// While it lives, the first SIGINT or SIGTERM asks for a stop; the second ends the process at
/// once. One at a time.
class StopSignal {
 public:
  StopSignal();
  ~StopSignal();
  StopSignal(const StopSignal&) = delete;
  StopSignal& operator=(const StopSignal&) = delete;

  /// True once a stop was asked for.
  [[nodiscard]] const std::atomic<bool>& requested() const;

 private:
  struct sigaction interrupt_;  // what was there before
  struct sigaction terminate_;
};

}  // namespace spurion::cli
