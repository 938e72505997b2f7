#include "nouns/border_values.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace spurion::nouns {

namespace {

// So many at once are looked at without a branch, which compilers turn into vector instructions.
constexpr std::int64_t kBlock = 512;

}  // namespace

std::int64_t first_not_finite(const float* values, std::int64_t count) {
  for (std::int64_t first = 0; first < count; first += kBlock) {
    const std::int64_t size = std::min(kBlock, count - first);
    std::uint32_t found = 0;
    for (std::int64_t i = 0; i < size; ++i) {
      std::uint32_t bits = 0;
      std::memcpy(&bits, values + first + i, sizeof(bits));
      // The top bit is set exactly where the exponent is all ones.
      found |= (bits & 0x7FFFFFFFU) + 0x00800000U;
    }
    if ((found & 0x80000000U) == 0) continue;
    for (std::int64_t i = 0; i < size; ++i) {
      if (!std::isfinite(values[first + i])) return first + i;
    }
  }
  return -1;
}

std::int64_t first_outside(const std::int64_t* values, std::int64_t count, std::int64_t limit) {
  for (std::int64_t first = 0; first < count; first += kBlock) {
    const std::int64_t size = std::min(kBlock, count - first);
    std::uint64_t found = 0;
    for (std::int64_t i = 0; i < size; ++i) {
      const auto value = static_cast<std::uint64_t>(values[first + i]);
      found |= value | (static_cast<std::uint64_t>(limit - 1) - value);
    }
    // Negative, or above the limit: the top bit of one of the two is set.
    if ((found >> 63) == 0) continue;
    for (std::int64_t i = 0; i < size; ++i) {
      if (values[first + i] < 0 || values[first + i] >= limit) return first + i;
    }
  }
  return -1;
}

}  // namespace spurion::nouns
