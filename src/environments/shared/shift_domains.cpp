#include "environments/shared/shift_domains.hpp"

#include <fmt/format.h>

#include "spurion/error.hpp"

namespace spurion::environments {

void check_unit_shift(const std::string& environment, double shift) {
  if (shift >= 0.0 && shift <= 1.0) return;
  throw UsageError(fmt::format("shift {} of {} is not in [0, 1]", shift, environment));
}

Domain dial_point(const std::string& environment, double shift) {
  check_unit_shift(environment, shift);
  return Domain::at(shift);
}

}  // namespace spurion::environments
