#include "spurion/random.hpp"

#include <algorithm>
#include <numeric>

#include "core/name_hash.hpp"
#include "core/normal.hpp"
#include "core/philox.hpp"
#include "core/random_block.hpp"
#include "core/random_fill.hpp"

namespace spurion {

namespace {

using core::mixed;

std::uint64_t join(std::uint32_t low, std::uint32_t high) noexcept {
  return (static_cast<std::uint64_t>(high) << 32U) | low;
}

double to_unit(std::uint64_t bits) noexcept { return static_cast<double>(bits >> 11U) * 0x1.0p-53; }

/// Multiply-shift: the bias is below n / 2^64.
std::int64_t scale_to(std::int64_t n, std::uint64_t bits) noexcept {
  __extension__ using Wide = unsigned __int128;
  const auto wide = static_cast<Wide>(bits) * static_cast<std::uint64_t>(n);
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(wide >> 64U));
}

/// Calls `use(bits, count, at)` for blocks of the draws of `rows` rows of `lanes` lanes; `at` is
/// the index of the first of the block.
template <class Use>
void for_blocks(std::uint64_t key, std::int64_t first, std::int64_t rows, std::int64_t lanes,
                const Use& use) {
  core::CounterBlock counters;
  core::RandomBlock bits;
  std::int64_t row = first;
  std::int64_t lane = 0;
  const std::int64_t total = rows * lanes;
  for (std::int64_t at = 0; at < total; at += core::kBlockDraws) {
    const std::int64_t count = std::min(core::kBlockDraws, total - at);
    for (std::int64_t i = 0; i < count; ++i) {
      counters.set(i, row, lane);
      if (++lane == lanes) {
        lane = 0;
        ++row;
      }
    }
    core::philox(key, counters, count, bits);
    use(bits, count, at);
  }
}

}  // namespace

std::array<std::uint32_t, 4> philox4x32(std::uint64_t key, std::uint64_t counter_low,
                                        std::uint64_t counter_high) noexcept {
  const core::Words words = core::philox(
      key,
      {static_cast<std::uint32_t>(counter_low), static_cast<std::uint32_t>(counter_low >> 32U),
       static_cast<std::uint32_t>(counter_high), static_cast<std::uint32_t>(counter_high >> 32U)});
  return {words.w0, words.w1, words.w2, words.w3};
}

RandomKey::RandomKey(std::uint64_t seed) noexcept : value_(mixed(seed + 0x9e3779b97f4a7c15ULL)) {}

RandomKey RandomKey::child(std::string_view name) const noexcept {
  RandomKey result(0);
  result.value_ = core::named_child(value_, core::name_hash(name));
  return result;
}

RandomKey RandomKey::child(std::uint64_t index) const noexcept {
  RandomKey result(0);
  // Another constant than for names, so that child("7") and child(7) differ.
  result.value_ = mixed((value_ + 0xd1342543de82ef95ULL) ^ mixed(index + 0xaf251af3b0f025b5ULL));
  return result;
}

std::uint64_t RandomStream::bits(std::int64_t row, std::int64_t lane) const noexcept {
  const auto block =
      philox4x32(key_, static_cast<std::uint64_t>(row), static_cast<std::uint64_t>(lane));
  return join(block[0], block[1]);
}

double RandomStream::uniform(std::int64_t row, std::int64_t lane) const noexcept {
  return to_unit(bits(row, lane));
}

double RandomStream::normal(std::int64_t row, std::int64_t lane) const noexcept {
  const auto block =
      philox4x32(key_, static_cast<std::uint64_t>(row), static_cast<std::uint64_t>(lane));
  return core::box_muller(block[0], block[1], block[2], block[3]);
}

std::int64_t RandomStream::below(std::int64_t n, std::int64_t row,
                                 std::int64_t lane) const noexcept {
  return scale_to(n, bits(row, lane));
}

void RandomStream::fill_normal(std::int64_t first, std::int64_t rows, std::int64_t lanes,
                               float* out) const {
  for_blocks(key_, first, rows, lanes,
             [out](const core::RandomBlock& bits, std::int64_t count, std::int64_t at) {
               core::normals(bits, count, out + at);
             });
}

void RandomStream::fill_uniform(std::int64_t first, std::int64_t rows, std::int64_t lanes,
                                double* out) const {
  for_blocks(key_, first, rows, lanes,
             [out](const core::RandomBlock& bits, std::int64_t count, std::int64_t at) {
               for (std::int64_t i = 0; i < count; ++i) out[at + i] = to_unit(bits.low_bits(i));
             });
}

void core::fill_below(const RandomKey& key, std::int64_t n, std::int64_t row, std::int64_t lanes,
                      std::int64_t* out) {
  for_blocks(key.value(), row, 1, lanes,
             [out, n](const RandomBlock& bits, std::int64_t count, std::int64_t at) {
               for (std::int64_t i = 0; i < count; ++i) out[at + i] = scale_to(n, bits.low_bits(i));
             });
}

std::vector<std::int64_t> permutation(const RandomKey& key, std::int64_t n) {
  std::vector<std::int64_t> order(static_cast<std::size_t>(n));
  std::iota(order.begin(), order.end(), std::int64_t{0});
  // Swaps need one number after the other, from the last row to the first; drawing them does not.
  core::CounterBlock counters;
  core::RandomBlock bits;
  for (std::int64_t last = n - 1; last > 0; last -= core::kBlockDraws) {
    const std::int64_t count = std::min(core::kBlockDraws, last);
    for (std::int64_t j = 0; j < count; ++j) counters.set(j, last - j, 0);
    core::philox(key.value(), counters, count, bits);
    for (std::int64_t j = 0; j < count; ++j) {
      const std::int64_t i = last - j;
      std::swap(order[static_cast<std::size_t>(i)],
                order[static_cast<std::size_t>(scale_to(i + 1, bits.low_bits(j)))]);
    }
  }
  return order;
}

}  // namespace spurion
