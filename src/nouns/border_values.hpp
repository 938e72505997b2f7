#pragma once

#include <cstdint>

#include "spurion/export.hpp"

namespace spurion::nouns {

/// Index of the first value that is not finite; -1 when all are.
SPURION_API std::int64_t first_not_finite(const float* values, std::int64_t count);
/// Index of the first value outside 0 .. limit - 1; -1 when there is none.
SPURION_API std::int64_t first_outside(const std::int64_t* values, std::int64_t count,
                                       std::int64_t limit);

}  // namespace spurion::nouns
