#include "core/random_block.hpp"

#include "core/clones.hpp"
#include "core/normal.hpp"
#include "core/philox.hpp"

namespace spurion::core {

SPURION_CLONES void normals(std::uint64_t key, const CounterBlock& counters, std::int64_t count,
                            float* __restrict out) {
  const auto key0 = static_cast<std::uint32_t>(key);
  const auto key1 = static_cast<std::uint32_t>(key >> 32U);
  std::uint32_t words[4][CounterBlock::kDraws];
  for (std::int64_t i = 0; i < count; ++i) {
    const Words w = philox(
        key0, key1,
        {counters.row_low[i], counters.row_high[i], counters.lane_low[i], counters.lane_high[i]});
    words[0][i] = w.w0;
    words[1][i] = w.w1;
    words[2][i] = w.w2;
    words[3][i] = w.w3;
  }
  for (std::int64_t i = 0; i < count; ++i) {
    out[i] = static_cast<float>(box_muller(words[0][i], words[1][i], words[2][i], words[3][i]));
  }
}

SPURION_CLONES void low_bits(std::uint64_t key, const CounterBlock& counters, std::int64_t count,
                             std::uint64_t* __restrict out) {
  const auto key0 = static_cast<std::uint32_t>(key);
  const auto key1 = static_cast<std::uint32_t>(key >> 32U);
  for (std::int64_t i = 0; i < count; ++i) {
    const Words w = philox(
        key0, key1,
        {counters.row_low[i], counters.row_high[i], counters.lane_low[i], counters.lane_high[i]});
    out[i] = (static_cast<std::uint64_t>(w.w1) << 32U) | w.w0;
  }
}

}  // namespace spurion::core
