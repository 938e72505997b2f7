#include "core/work_clock.hpp"

#include <fmt/format.h>

#include <ctime>

namespace spurion {

WorkTimes& WorkTimes::operator+=(const WorkTimes& other) {
  training += other.training;
  data += other.data;
  evaluation += other.evaluation;
  rest += other.rest;
  return *this;
}

WorkTimes WorkTimes::operator*(double factor) const {
  return {training * factor, data * factor, evaluation * factor, rest * factor};
}

std::string work_shares(const WorkTimes& times) {
  const double total = times.total();
  if (!(total > 0.0)) return {};
  const auto percent = [total](double part) { return 100.0 * part / total; };
  return fmt::format("training {:.0f} %, data {:.0f} %, evaluation {:.0f} %, rest {:.0f} %",
                     percent(times.training), percent(times.data), percent(times.evaluation),
                     percent(times.rest));
}

}  // namespace spurion

namespace spurion::core {

namespace {

thread_local WorkClock* current = nullptr;

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

WorkClock::WorkClock() : since_(processor_seconds()), outer_(current) { current = this; }

WorkClock::~WorkClock() { current = outer_; }

Activity WorkClock::change(Activity next) {
  const double now = processor_seconds();
  part(times_, activity_) += now - since_;
  since_ = now;
  const Activity before = activity_;
  activity_ = next;
  return before;
}

WorkTimes WorkClock::times() {
  change(activity_);
  return times_;
}

ActivityScope::ActivityScope(Activity activity) : clock_(current) {
  if (clock_ != nullptr) before_ = clock_->change(activity);
}

ActivityScope::~ActivityScope() {
  if (clock_ != nullptr) clock_->change(before_);
}

}  // namespace spurion::core
