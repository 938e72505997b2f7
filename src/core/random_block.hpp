#pragma once

#include <cstdint>

#include "spurion/export.hpp"

/// \file
/// Many draws at once, with the vector instructions of this machine; the bits do not depend on
/// them.

namespace spurion::core {

/// Draws of a block; a multiple of every vector's lanes.
constexpr std::int64_t kBlockDraws = 256;

/// The counters of the draws of one stream, word by word: row, then lane, low word first.
struct CounterBlock {
  std::uint32_t words[4][kBlockDraws] = {};

  void set(std::int64_t index, std::int64_t row, std::int64_t lane) noexcept {
    words[0][index] = static_cast<std::uint32_t>(row);
    words[1][index] = static_cast<std::uint32_t>(static_cast<std::uint64_t>(row) >> 32U);
    words[2][index] = static_cast<std::uint32_t>(lane);
    words[3][index] = static_cast<std::uint32_t>(static_cast<std::uint64_t>(lane) >> 32U);
  }
};

/// 128 random bits for each draw, word by word.
struct RandomBlock {
  std::uint32_t words[4][kBlockDraws];

  [[nodiscard]] std::uint64_t low_bits(std::int64_t index) const noexcept {
    return (static_cast<std::uint64_t>(words[1][index]) << 32U) | words[0][index];
  }
};

/// Philox4x32-10 of the first `count` counters.
SPURION_API void philox(std::uint64_t key, const CounterBlock& counters, std::int64_t count,
                        RandomBlock& out);

/// The first `count` blocks of bits as standard normals, rounded to float.
void normals(const RandomBlock& bits, std::int64_t count, float* out);
/// Not rounded.
void normals(const RandomBlock& bits, std::int64_t count, double* out);

}  // namespace spurion::core
