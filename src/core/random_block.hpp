#pragma once

#include <cstdint>

/// \file
/// Many draws at once, with the vector instructions of this machine; the bits do not depend on
/// them.

namespace spurion::core {

/// The counters of `kDraws` draws of one stream, word by word.
struct CounterBlock {
  static constexpr std::int64_t kDraws = 256;
  std::uint32_t row_low[kDraws];
  std::uint32_t row_high[kDraws];
  std::uint32_t lane_low[kDraws];
  std::uint32_t lane_high[kDraws];

  void set(std::int64_t index, std::int64_t row, std::int64_t lane) noexcept {
    row_low[index] = static_cast<std::uint32_t>(row);
    row_high[index] = static_cast<std::uint32_t>(static_cast<std::uint64_t>(row) >> 32U);
    lane_low[index] = static_cast<std::uint32_t>(lane);
    lane_high[index] = static_cast<std::uint32_t>(static_cast<std::uint64_t>(lane) >> 32U);
  }
};

/// Standard normals of the first `count` counters, rounded to float.
void normals(std::uint64_t key, const CounterBlock& counters, std::int64_t count, float* out);
/// The low 64 bits of the first `count` Philox blocks.
void low_bits(std::uint64_t key, const CounterBlock& counters, std::int64_t count,
              std::uint64_t* out);

}  // namespace spurion::core
