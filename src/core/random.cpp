#include "spurion/random.hpp"

#include <cmath>
#include <cstring>
#include <numeric>

namespace spurion {

namespace {

constexpr std::uint32_t kMultiplier0 = 0xD2511F53U;
constexpr std::uint32_t kMultiplier1 = 0xCD9E8D57U;
constexpr std::uint32_t kWeyl0 = 0x9E3779B9U;
constexpr std::uint32_t kWeyl1 = 0xBB67AE85U;
constexpr int kRounds = 10;

/// Finaliser of MurmurHash3: every input bit reaches every output bit.
std::uint64_t mix(std::uint64_t z) noexcept {
  z ^= z >> 33U;
  z *= 0xff51afd7ed558ccdULL;
  z ^= z >> 33U;
  z *= 0xc4ceb9fe1a85ec53ULL;
  z ^= z >> 33U;
  return z;
}

std::uint64_t join(std::uint32_t low, std::uint32_t high) noexcept {
  return (static_cast<std::uint64_t>(high) << 32U) | low;
}

double to_unit(std::uint64_t bits) noexcept { return static_cast<double>(bits >> 11U) * 0x1.0p-53; }

/// Box-Muller: one normal from two uniforms. u1 is moved into (0, 1] so that its log is finite.
double box_muller(std::uint64_t first, std::uint64_t second) noexcept {
  const double u1 = (static_cast<double>(first >> 11U) + 1.0) * 0x1.0p-53;
  const double u2 = to_unit(second);
  constexpr double kTwoPi = 6.283185307179586476925286766559;
  return std::sqrt(-2.0 * std::log(u1)) * std::cos(kTwoPi * u2);
}

}  // namespace

std::array<std::uint32_t, 4> philox4x32(std::uint64_t key, std::uint64_t counter_low,
                                        std::uint64_t counter_high) noexcept {
  std::uint32_t k0 = static_cast<std::uint32_t>(key);
  std::uint32_t k1 = static_cast<std::uint32_t>(key >> 32U);
  std::uint32_t c0 = static_cast<std::uint32_t>(counter_low);
  std::uint32_t c1 = static_cast<std::uint32_t>(counter_low >> 32U);
  std::uint32_t c2 = static_cast<std::uint32_t>(counter_high);
  std::uint32_t c3 = static_cast<std::uint32_t>(counter_high >> 32U);
  for (int round = 0; round < kRounds; ++round) {
    const std::uint64_t product0 = static_cast<std::uint64_t>(kMultiplier0) * c0;
    const std::uint64_t product1 = static_cast<std::uint64_t>(kMultiplier1) * c2;
    const auto high0 = static_cast<std::uint32_t>(product0 >> 32U);
    const auto high1 = static_cast<std::uint32_t>(product1 >> 32U);
    c0 = high1 ^ c1 ^ k0;
    c1 = static_cast<std::uint32_t>(product1);
    c2 = high0 ^ c3 ^ k1;
    c3 = static_cast<std::uint32_t>(product0);
    k0 += kWeyl0;
    k1 += kWeyl1;
  }
  return {c0, c1, c2, c3};
}

StreamKey::StreamKey(std::uint64_t seed) noexcept : value_(mix(seed + 0x9e3779b97f4a7c15ULL)) {}

StreamKey StreamKey::child(std::string_view name) const noexcept {
  std::uint64_t hash = 0xcbf29ce484222325ULL;  // FNV-1a
  for (const char character : name) {
    hash ^= static_cast<unsigned char>(character);
    hash *= 0x100000001b3ULL;
  }
  StreamKey result(0);
  result.value_ = mix(value_ ^ mix(hash + 0x632be59bd9b4e019ULL));
  return result;
}

StreamKey StreamKey::child(std::uint64_t index) const noexcept {
  StreamKey result(0);
  // Another constant than for names, so that child("7") and child(7) differ.
  result.value_ = mix((value_ + 0xd1342543de82ef95ULL) ^ mix(index + 0xaf251af3b0f025b5ULL));
  return result;
}

std::uint64_t Stream::bits(std::int64_t row, std::int64_t lane) const noexcept {
  const auto block =
      philox4x32(key_, static_cast<std::uint64_t>(row), static_cast<std::uint64_t>(lane));
  return join(block[0], block[1]);
}

double Stream::uniform(std::int64_t row, std::int64_t lane) const noexcept {
  return to_unit(bits(row, lane));
}

double Stream::normal(std::int64_t row, std::int64_t lane) const noexcept {
  const auto block =
      philox4x32(key_, static_cast<std::uint64_t>(row), static_cast<std::uint64_t>(lane));
  return box_muller(join(block[0], block[1]), join(block[2], block[3]));
}

std::int64_t Stream::below(std::int64_t n, std::int64_t row, std::int64_t lane) const noexcept {
  // Multiply-shift: the bias is below n / 2^64.
  __extension__ using Wide = unsigned __int128;
  const auto wide = static_cast<Wide>(bits(row, lane)) * static_cast<std::uint64_t>(n);
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(wide >> 64U));
}

void Stream::fill_normal(std::int64_t first, std::int64_t rows, std::int64_t lanes,
                         float* out) const {
  for (std::int64_t row = 0; row < rows; ++row) {
    for (std::int64_t lane = 0; lane < lanes; ++lane) {
      *out++ = static_cast<float>(normal(first + row, lane));
    }
  }
}

void Stream::fill_uniform(std::int64_t first, std::int64_t rows, std::int64_t lanes,
                          double* out) const {
  for (std::int64_t row = 0; row < rows; ++row) {
    for (std::int64_t lane = 0; lane < lanes; ++lane) *out++ = uniform(first + row, lane);
  }
}

std::vector<std::int64_t> permutation(const StreamKey& key, std::int64_t n) {
  std::vector<std::int64_t> order(static_cast<std::size_t>(n));
  std::iota(order.begin(), order.end(), std::int64_t{0});
  const Stream stream(key);
  for (std::int64_t i = n - 1; i > 0; --i) {
    std::swap(order[static_cast<std::size_t>(i)],
              order[static_cast<std::size_t>(stream.below(i + 1, i))]);
  }
  return order;
}

}  // namespace spurion
