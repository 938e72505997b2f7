#pragma once

#include <string>

#include "harness/store/store_check.hpp"

namespace spurion::cli {

/// What a store was found to be, in lines: that it is whole, or all that is damaged.
std::string damage_text(const harness::CheckedStore& store);

}  // namespace spurion::cli
