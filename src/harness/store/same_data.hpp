#pragma once

#include <map>
#include <string>

#include "spurion/export.hpp"

namespace spurion::harness {

/// Names of fingerprints begin so.
constexpr const char* kDataPrefix = "data.";

/// Throws `DataError` when some rows are in both and differ. `made_from` and `found` are how the
/// message calls them: "the store 'a.sqlite'".
SPURION_API void check_same_data(const std::map<std::string, std::string>& first,
                                 const std::string& made_from,
                                 const std::map<std::string, std::string>& second,
                                 const std::string& found);

}  // namespace spurion::harness
