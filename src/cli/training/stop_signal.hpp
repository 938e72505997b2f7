#pragma once

#include <csignal>

#include <atomic>

namespace spurion::cli {

/// While it lives, the first SIGINT, SIGTERM or SIGUSR1 asks for a stop; the second SIGINT or
/// SIGTERM ends the process at once, but for one that follows SIGUSR1, by which batch systems warn.
/// One at a time.
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
  struct sigaction warn_;
};

}  // namespace spurion::cli
