#pragma once

#include "spurion/work_times.hpp"

namespace spurion::core {

/// What a worker can be at. What is none of the others is `rest`.
enum class Activity { rest, training, data, evaluation };

/// Processor time of the calling thread, split by what the thread was at. One at a time in a
/// thread; while it lives, `ActivityScope` in the same thread reports to it.
///
/// Asking for processor time costs a system call, a good part of the step of a small model. So a
/// change of activity reads the steady clock, and every few milliseconds the processor time used
/// since is split in proportion to what that clock says.
class SPURION_API WorkClock {
 public:
  WorkClock();
  ~WorkClock();
  WorkClock(const WorkClock&) = delete;
  WorkClock& operator=(const WorkClock&) = delete;

  /// Since the clock was made, up to now.
  [[nodiscard]] WorkTimes times();

 private:
  friend class ActivityScope;
  /// Charges the time since the last call to what the thread was at; returns that.
  Activity change(Activity next);
  void settle();

  WorkTimes times_;    ///< processor time, up to the last settling
  WorkTimes elapsed_;  ///< by the steady clock, since then
  Activity activity_ = Activity::rest;
  double since_;           ///< steady clock at the last change
  double processor_time_;  ///< of the thread at the last settling
  WorkClock* outer_;
};

/// The thread is at something from here to the end of the scope; scopes nest, the innermost counts.
class SPURION_API ActivityScope {
 public:
  explicit ActivityScope(Activity activity);
  ~ActivityScope();
  ActivityScope(const ActivityScope&) = delete;
  ActivityScope& operator=(const ActivityScope&) = delete;

 private:
  WorkClock* clock_;
  Activity before_ = Activity::rest;
};

}  // namespace spurion::core
