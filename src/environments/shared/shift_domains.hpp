#pragma once

#include <string>

#include "spurion/environment.hpp"

namespace spurion::environments {

/// Throws `UsageError` outside [0, 1]. `environment` is how the message calls it.
void check_unit_shift(const std::string& environment, double shift);
/// The point of the dial [0, 1] at `shift`; throws `UsageError` outside it.
Domain dial_point(const std::string& environment, double shift);

}  // namespace spurion::environments
