#pragma once

#include <string>
#include <vector>

#include "spurion/environment.hpp"

namespace spurion::environments {

/// Throws `UsageError` outside [0, 1]. `environment` is how the message calls it.
void check_unit_shift(const std::string& environment, double shift);
/// Throws `UsageError` unless there are 1 to 100 of them.
void check_train_shifts(const std::string& environment, const std::vector<double>& shifts);
/// The point of the dial [0, 1] at `shift`; throws `UsageError` outside it.
Domain dial_point(const std::string& environment, double shift);

}  // namespace spurion::environments
