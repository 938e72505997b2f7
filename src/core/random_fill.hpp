#pragma once

#include <cstdint>

#include "spurion/export.hpp"
#include "spurion/random.hpp"

namespace spurion::core {

/// out[l] = RandomStream(key).below(n, row, l) for all lanes below `lanes`: what a loop over
/// `below` gives, faster.
SPURION_API void fill_below(const RandomKey& key, std::int64_t n, std::int64_t row,
                            std::int64_t lanes, std::int64_t* out);

}  // namespace spurion::core
