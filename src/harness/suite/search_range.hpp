#pragma once

#include <string>

#include "spurion/schema.hpp"

namespace spurion::harness {

/// Reads a search distribution from a suite: `{ log_uniform = [1e-4, 1e-2] }`, likewise `uniform`,
/// `one_minus_log_uniform`, `uniform_integer`, `log_uniform_integer`, or `{ choice = [...] }`.
/// What is wrong with it is added to `problems`, and the result is `fixed`.
Search read_search(const Value& value, const std::string& owner, Problems& problems);

/// The distribution as a suite writes it, `{ log_uniform = [1e-4, 1e-2] }`.
Value search_value(const Search& search);

}  // namespace spurion::harness
