#include "core/blake2b.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <iterator>
#include <utility>
#include <vector>

#include "spurion/error.hpp"

namespace spurion::core {

namespace {

constexpr std::uint64_t kInitial[8] = {
    0x6a09e667f3bcc908ULL, 0xbb67ae8584caa73bULL, 0x3c6ef372fe94f82bULL, 0xa54ff53a5f1d36f1ULL,
    0x510e527fade682d1ULL, 0x9b05688c2b3e6c1fULL, 0x1f83d9abfb41bd6bULL, 0x5be0cd19137e2179ULL};

constexpr unsigned char kOrder[12][16] = {{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15},
                                          {14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3},
                                          {11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4},
                                          {7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8},
                                          {9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13},
                                          {2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9},
                                          {12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11},
                                          {13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10},
                                          {6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5},
                                          {10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0},
                                          {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15},
                                          {14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3}};

std::uint64_t turned_right(std::uint64_t value, unsigned bits) noexcept {
  return (value >> bits) | (value << (64U - bits));
}

std::uint64_t little_endian(const unsigned char* bytes) noexcept {
  std::uint64_t value = 0;
  for (unsigned i = 0; i < 8; ++i) value |= static_cast<std::uint64_t>(bytes[i]) << (8 * i);
  return value;
}

/// With places known when it is compiled, so that the state stays in registers.
template <int a, int b, int c, int d>
[[gnu::always_inline]] inline void mix(std::uint64_t* v, std::uint64_t x,
                                       std::uint64_t y) noexcept {
  v[a] = v[a] + v[b] + x;
  v[d] = turned_right(v[d] ^ v[a], 32);
  v[c] = v[c] + v[d];
  v[b] = turned_right(v[b] ^ v[c], 24);
  v[a] = v[a] + v[b] + y;
  v[d] = turned_right(v[d] ^ v[a], 16);
  v[c] = v[c] + v[d];
  v[b] = turned_right(v[b] ^ v[c], 63);
}

template <std::size_t number>
[[gnu::always_inline]] inline void mix_round(std::uint64_t* v,
                                             const std::uint64_t* words) noexcept {
  constexpr const unsigned char* order = kOrder[number];
  mix<0, 4, 8, 12>(v, words[order[0]], words[order[1]]);
  mix<1, 5, 9, 13>(v, words[order[2]], words[order[3]]);
  mix<2, 6, 10, 14>(v, words[order[4]], words[order[5]]);
  mix<3, 7, 11, 15>(v, words[order[6]], words[order[7]]);
  mix<0, 5, 10, 15>(v, words[order[8]], words[order[9]]);
  mix<1, 6, 11, 12>(v, words[order[10]], words[order[11]]);
  mix<2, 7, 8, 13>(v, words[order[12]], words[order[13]]);
  mix<3, 4, 9, 14>(v, words[order[14]], words[order[15]]);
}

template <std::size_t... numbers>
void mix_all(std::uint64_t* v, const std::uint64_t* words,
             std::index_sequence<numbers...> /*rounds*/) noexcept {
  (mix_round<numbers>(v, words), ...);
}

}  // namespace

Blake2b::Blake2b() noexcept : state_{}, block_{} {
  std::copy(std::begin(kInitial), std::end(kInitial), state_.begin());
  state_[0] ^= 0x01010000ULL ^ sizeof(Digest);  // no key, one level, so many bytes of output
}

void Blake2b::compress(bool last) noexcept {
  std::uint64_t words[16];
  for (std::size_t i = 0; i < 16; ++i) words[i] = little_endian(block_.data() + 8 * i);
  std::uint64_t v[16];
  std::copy(state_.begin(), state_.end(), v);
  std::copy(std::begin(kInitial), std::end(kInitial), v + 8);
  v[12] ^= length_;
  if (last) v[14] = ~v[14];
  mix_all(v, words, std::make_index_sequence<std::size(kOrder)>());
  for (std::size_t i = 0; i < 8; ++i) state_[i] ^= v[i] ^ v[i + 8];
}

void Blake2b::update(const void* data, std::size_t size) noexcept {
  const auto* bytes = static_cast<const unsigned char*>(data);
  while (size > 0) {
    if (used_ == kBlock) {  // only once more follows: the last block is marked
      length_ += kBlock;
      compress(false);
      used_ = 0;
    }
    const std::size_t taken = std::min(size, kBlock - used_);
    std::memcpy(block_.data() + used_, bytes, taken);
    used_ += taken;
    bytes += taken;
    size -= taken;
  }
}

Digest Blake2b::finish() noexcept {
  length_ += used_;
  std::memset(block_.data() + used_, 0, kBlock - used_);
  compress(true);
  Digest digest;
  for (std::size_t i = 0; i < digest.size(); ++i) {
    digest[i] = static_cast<unsigned char>(state_[i / 8] >> (8 * (i % 8)));
  }
  return digest;
}

std::string hex(const Digest& digest) {
  std::string text;
  for (const unsigned char byte : digest) text += fmt::format("{:02x}", byte);
  return text;
}

Digest file_digest(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  if (!stream) throw DataError(fmt::format("cannot read '{}'", file.string()));
  Blake2b hash;
  std::vector<char> chunk(1U << 20U);
  while (stream.read(chunk.data(), static_cast<std::streamsize>(chunk.size())) ||
         stream.gcount() > 0) {
    hash.update(chunk.data(), static_cast<std::size_t>(stream.gcount()));
  }
  if (stream.bad()) throw DataError(fmt::format("cannot read '{}'", file.string()));
  return hash.finish();
}

}  // namespace spurion::core
