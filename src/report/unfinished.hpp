#pragma once

#include <string>

#include "spurion/store.hpp"

namespace spurion::report {

/// "The run is not finished: ..." where a suite has trials that are not in its results; else empty.
std::string unfinished_note(const StoredResults& results);

}  // namespace spurion::report
