#include "core/work_clock.hpp"

#include <chrono>
#include <ctime>

namespace spurion::core {

namespace {

thread_local WorkClock* current = nullptr;

/// Seconds of the steady clock after which processor time is asked for.
constexpr double kSettleAfter = 5e-3;

double steady_seconds() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration<double>(now).count();
}

double processor_seconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

double& part(WorkTimes& times, Activity activity) {
  switch (activity) {
    case Activity::training:
      return times.training;
    case Activity::data:
      return times.data;
    case Activity::evaluation:
      return times.evaluation;
    case Activity::rest:
      break;
  }
  return times.rest;
}

}  // namespace

WorkClock::WorkClock()
    : since_(steady_seconds()), processor_time_(processor_seconds()), outer_(current) {
  current = this;
}

WorkClock::~WorkClock() { current = outer_; }

Activity WorkClock::change(Activity next) {
  const double now = steady_seconds();
  part(elapsed_, activity_) += now - since_;
  since_ = now;
  const Activity before = activity_;
  activity_ = next;
  if (elapsed_.total() > kSettleAfter) settle();
  return before;
}

void WorkClock::settle() {
  const double now = processor_seconds();
  const double total = elapsed_.total();
  if (total > 0.0) {
    times_ += elapsed_ * ((now - processor_time_) / total);
    elapsed_ = {};
    processor_time_ = now;
  }
}

WorkTimes WorkClock::times() {
  change(activity_);
  settle();
  return times_;
}

ActivityScope::ActivityScope(Activity activity) : clock_(current) {
  if (clock_ != nullptr) before_ = clock_->change(activity);
}

ActivityScope::~ActivityScope() {
  if (clock_ != nullptr) clock_->change(before_);
}

}  // namespace spurion::core
