#pragma once

#include <cstdint>

namespace spurion::core {

constexpr std::uint32_t kPhiloxMultiplier0 = 0xD2511F53U;
constexpr std::uint32_t kPhiloxMultiplier1 = 0xCD9E8D57U;
constexpr std::uint32_t kPhiloxRounds = 10;

/// The halves of the key in a round.
inline std::uint32_t philox_key0(std::uint64_t key, std::uint32_t round) noexcept {
  return static_cast<std::uint32_t>(key) + round * 0x9E3779B9U;
}
inline std::uint32_t philox_key1(std::uint64_t key, std::uint32_t round) noexcept {
  return static_cast<std::uint32_t>(key >> 32U) + round * 0xBB67AE85U;
}

/// 128 random bits, or a 128-bit counter, low word first.
struct Words {
  std::uint32_t w0;
  std::uint32_t w1;
  std::uint32_t w2;
  std::uint32_t w3;
};

/// Philox4x32-10 of one counter.
inline Words philox(std::uint64_t key, Words counter) noexcept {
  Words c = counter;
  for (std::uint32_t round = 0; round < kPhiloxRounds; ++round) {
    const std::uint64_t product0 = static_cast<std::uint64_t>(kPhiloxMultiplier0) * c.w0;
    const std::uint64_t product1 = static_cast<std::uint64_t>(kPhiloxMultiplier1) * c.w2;
    c = {static_cast<std::uint32_t>(product1 >> 32U) ^ c.w1 ^ philox_key0(key, round),
         static_cast<std::uint32_t>(product1),
         static_cast<std::uint32_t>(product0 >> 32U) ^ c.w3 ^ philox_key1(key, round),
         static_cast<std::uint32_t>(product0)};
  }
  return c;
}

}  // namespace spurion::core
