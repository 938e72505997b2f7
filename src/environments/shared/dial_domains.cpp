#include "environments/shared/dial_domains.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "spurion/error.hpp"

namespace spurion::environments {

DialDomains::DialDomains(std::string world, std::vector<double> train, double test, double low,
                         double high)
    : world_(std::move(world)), train_(std::move(train)), test_(test), low_(low), high_(high) {
  if (train_.empty() || train_.size() > kMaxTrainDomains) {
    throw UsageError(fmt::format("{} needs 1 to {} train domains, got {}", world_, kMaxTrainDomains,
                                 train_.size()));
  }
  for (const double shift : train_) check(shift);
  check(test_);
}

void DialDomains::check(double shift) const {
  if (!(shift >= low_ && shift <= high_)) {
    throw UsageError(fmt::format("shift {} of {} is not in [{}, {}]", shift, world_, low_, high_));
  }
}

std::vector<Domain> DialDomains::train() const {
  std::vector<Domain> domains;
  for (const double shift : train_) {
    domains.push_back(Domain::train(domains.size(), shift));
  }
  return domains;
}

Domain DialDomains::at(double shift) const {
  check(shift);
  return Domain::at(shift);
}

bool DialDomains::training_has_it() const {
  return std::any_of(train_.begin(), train_.end(), [](double share) { return share > 0.0; });
}

bool DialDomains::training_has_other() const {
  return std::any_of(train_.begin(), train_.end(), [](double share) { return share < 1.0; });
}

double DialDomains::shift(const Domain& domain) const {
  check(domain.shift);
  return domain.shift;
}

void DialDomains::mark(DialInfo& dial) const {
  dial.low = low_;
  dial.high = high_;
  for (int tenth = 0; tenth <= 10; ++tenth) {
    const double point = (low_ * (10 - tenth) + high_ * tenth) / 10.0;
    dial.points.push_back(std::clamp(point, low_, high_));
  }
}

}  // namespace spurion::environments
