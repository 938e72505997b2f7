#pragma once

#include <exception>
#include <string>

#include "spurion/export.hpp"

namespace spurion::core {

/// What to tell a person of an exception that says that the machine or a file system gave out: no
/// memory, no threads, a path that cannot be used. Empty for any other exception.
SPURION_API std::string machine_problem(const std::exception& error);

}  // namespace spurion::core
