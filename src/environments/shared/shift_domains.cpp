#include "environments/shared/shift_domains.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "spurion/error.hpp"

namespace spurion::environments {

namespace {

void check_shift(const std::string& environment, double shift, double low, double high) {
  if (shift >= low && shift <= high) return;
  throw UsageError(fmt::format("shift {} of {} is not in [{}, {}]", shift, environment, low, high));
}

}  // namespace

void check_unit_shift(const std::string& environment, double shift) {
  check_shift(environment, shift, 0.0, 1.0);
}

ShiftDomains::ShiftDomains(std::string environment, const std::vector<double>& train, double test,
                           double low, double high)
    : environment_(std::move(environment)), test_({test}), others_({test}), low_(low), high_(high) {
  for (const double shift : train) train_.push_back({shift});
  make_train_domains();
  check(test);
}

ShiftDomains::ShiftDomains(std::string environment, std::vector<CueShifts> train, CueShifts test,
                           CueShifts others, bool several)
    : environment_(std::move(environment)),
      train_(std::move(train)),
      test_(std::move(test)),
      others_(std::move(others)),
      several_(several) {
  make_train_domains();
}

ShiftDomains ShiftDomains::of_cues(std::string environment, std::vector<CueShifts> train,
                                   CueShifts test, CueShifts others) {
  return ShiftDomains(std::move(environment), std::move(train), std::move(test), std::move(others),
                      true);
}

void ShiftDomains::check(double shift) const { check_shift(environment_, shift, low_, high_); }

void ShiftDomains::make_train_domains() {
  if (train_.empty() || train_.size() > kMaxTrainDomains) {
    throw UsageError(fmt::format("{} needs 1 to {} train domains, got {}", environment_,
                                 kMaxTrainDomains, train_.size()));
  }
  for (const CueShifts& shifts : train_) {
    for (const double shift : shifts) check(shift);
    const std::size_t index = train_domains_.size();
    train_domains_.push_back(several_ ? Domain::train(index, shifts)
                                      : Domain::train(index, shifts.front()));
    train_shifts_.push_back(shifts.front());
  }
}

Domain ShiftDomains::test() const {
  return several_ ? Domain::test(test_) : Domain::test(test_.front());
}

Domain ShiftDomains::at(double shift) const {
  CueShifts shifts = others_;
  shifts.front() = shift;
  return at_cues(shifts);
}

Domain ShiftDomains::at_cues(const CueShifts& shifts) const {
  if (shifts.size() != others_.size()) {
    const std::string cues =
        others_.size() == 1 ? "one cue" : fmt::format("{} cues", others_.size());
    throw UsageError(
        fmt::format("this {} has {}, got {} shifts", environment_, cues, shifts.size()));
  }
  for (const double shift : shifts) check(shift);
  return several_ ? Domain::at(shifts) : Domain::at(shifts.front());
}

double ShiftDomains::shift(const Domain& domain) const {
  check(domain.shift);
  return domain.shift;
}

CueShifts ShiftDomains::cue_shifts(const Domain& domain) const {
  if (!several_) return {shift(domain)};
  return at_cues(domain.cue_shifts).cue_shifts;
}

std::int64_t ShiftDomains::train_index(const Domain& domain) const {
  const auto found = std::find_if(train_domains_.begin(), train_domains_.end(),
                                  [&](const Domain& train) { return train.key == domain.key; });
  return found == train_domains_.end() ? -1 : found - train_domains_.begin();
}

bool ShiftDomains::training_has_it() const {
  return std::any_of(train_shifts_.begin(), train_shifts_.end(),
                     [](double share) { return share > 0.0; });
}

bool ShiftDomains::training_has_other() const {
  return std::any_of(train_shifts_.begin(), train_shifts_.end(),
                     [](double share) { return share < 1.0; });
}

void ShiftDomains::mark(ShiftAxis& axis) const {
  axis.low = low_;
  axis.high = high_;
  for (int tenth = 0; tenth <= 10; ++tenth) {
    const double point = (low_ * (10 - tenth) + high_ * tenth) / 10.0;
    axis.points.push_back(std::clamp(point, low_, high_));
  }
}

}  // namespace spurion::environments
