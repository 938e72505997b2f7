#pragma once

#include <atomic>
#include <chrono>
#include <string>

#include "spurion/run.hpp"

namespace spurion::cli {

/// "first_look [#####-----]  46 %  33 of 72 trials  1 min 12 s left", at most `columns` wide.
std::string progress_line(const std::string& title, const Progress& progress, int columns);

/// Shows on standard error how far a run is: one line that is redrawn on a terminal; elsewhere a
/// line about every ten seconds.
class ProgressDisplay {
 public:
  /// `stopping` (may not be null): a stop was asked for.
  ProgressDisplay(std::string title, const std::atomic<bool>* stopping);
  /// Ends the line that is being redrawn.
  ~ProgressDisplay();
  ProgressDisplay(const ProgressDisplay&) = delete;
  ProgressDisplay& operator=(const ProgressDisplay&) = delete;

  /// Called from one thread at a time.
  void update(const Progress& progress);

 private:
  std::string title_;
  const std::atomic<bool>* stopping_;
  bool terminal_;
  bool drawn_ = false;
  bool told_stopping_ = false;
  std::chrono::steady_clock::time_point written_;
};

}  // namespace spurion::cli
