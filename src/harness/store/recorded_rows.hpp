#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "spurion/export.hpp"

namespace spurion::harness {

/// The lines of each environment of recorded rows among the facts of a run ("environment.NAME" in
/// its context), by the name of the environment.
SPURION_API std::vector<std::pair<std::string, std::vector<std::string>>> recorded_rows(
    const std::map<std::string, std::string>& context);

}  // namespace spurion::harness
