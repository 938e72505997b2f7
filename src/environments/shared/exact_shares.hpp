#pragma once

#include <array>
#include <cstdint>

#include "spurion/export.hpp"
#include "spurion/random.hpp"

/// \file
/// Draws for environments whose sources fix how many rows are of a kind: a coin for each row would
/// make the counts random, which is another environment. Row i is still a function of its number
/// alone, and few rows are a prefix of more.

namespace spurion::environments {

/// Exactly one of turns 2 j and 2 j + 1 is chosen, by the coin at `pair`, which names the two. So
/// any even number of turns from 0 on has exact halves, and nothing follows from a turn's being
/// even.
inline bool chosen_of_pair(const RandomStream& coin, std::int64_t turn, std::int64_t pair) {
  return coin.bernoulli(0.5, pair) == (turn % 2 == 0);
}

/// Uniforms of which every stretch of ten from a multiple of ten on has one in each tenth of [0,
/// 1), every stretch of a hundred one in each hundredth, and so on to 10^kLevels: the number below
/// a share is exact as soon as it can be.
class SPURION_API StratifiedUniforms {
 public:
  explicit StratifiedUniforms(const RandomKey& key);
  [[nodiscard]] double operator()(std::int64_t turn) const;

  static constexpr int kLevels = 4;

 private:
  std::array<RandomStream, kLevels> orders_;
  RandomStream rest_;
};

}  // namespace spurion::environments
