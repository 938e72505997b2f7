#pragma once

#include <cstdint>

namespace spurion::core {

/// 128 random bits, or a 128-bit counter, low word first.
struct Words {
  std::uint32_t w0;
  std::uint32_t w1;
  std::uint32_t w2;
  std::uint32_t w3;
};

/// Philox4x32-10 of one counter; without branches, so that a loop over counters vectorises.
inline __attribute__((always_inline)) Words philox(std::uint32_t key0, std::uint32_t key1,
                                                   Words counter) noexcept {
  constexpr std::uint32_t kMultiplier0 = 0xD2511F53U;
  constexpr std::uint32_t kMultiplier1 = 0xCD9E8D57U;
  constexpr std::uint32_t kWeyl0 = 0x9E3779B9U;
  constexpr std::uint32_t kWeyl1 = 0xBB67AE85U;
  constexpr std::uint32_t kRounds = 10;
  Words c = counter;
#pragma GCC unroll 10
  for (std::uint32_t round = 0; round < kRounds; ++round) {
    const std::uint64_t product0 = static_cast<std::uint64_t>(kMultiplier0) * c.w0;
    const std::uint64_t product1 = static_cast<std::uint64_t>(kMultiplier1) * c.w2;
    const auto high0 = static_cast<std::uint32_t>(product0 >> 32U);
    const auto high1 = static_cast<std::uint32_t>(product1 >> 32U);
    c = {high1 ^ c.w1 ^ (key0 + round * kWeyl0), kMultiplier1 * c.w2,
         high0 ^ c.w3 ^ (key1 + round * kWeyl1), kMultiplier0 * c.w0};
  }
  return c;
}

}  // namespace spurion::core
