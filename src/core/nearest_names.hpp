#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "spurion/export.hpp"

namespace spurion::core {

/// The names that a person who typed `name` may have meant, nearest first, at most `most`: those at
/// a small edit distance, then those that begin with it, then those that contain it. Upper and
/// lower case, "_", "-" and " " do not matter. Each name is given once. Empty: none is near.
SPURION_API std::vector<std::string> nearest_names(const std::string& name,
                                                   const std::vector<std::string>& candidates,
                                                   std::size_t most);

}  // namespace spurion::core
