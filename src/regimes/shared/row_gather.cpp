#include "regimes/shared/row_gather.hpp"

#include <ATen/ATen.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

namespace spurion::regimes {

namespace {

/// Gathers rows of `kBytes` bytes; a size known beforehand costs a few moves and no call. Rows are
/// asked for ahead of their turn: in the order of a permutation hardly one is in cache.
template <std::size_t kBytes>
void gather_short_rows(const char* from, const std::int64_t* index, std::int64_t count, char* to) {
  constexpr std::int64_t kAhead = 16;
  constexpr auto kStride = static_cast<std::int64_t>(kBytes);
  for (std::int64_t i = 0; i < count; ++i) {
    const char* ahead = from + index[std::min(i + kAhead, count - 1)] * kStride;
    __builtin_prefetch(ahead);
    if (kBytes > 8) __builtin_prefetch(ahead + kStride - 1);
    std::memcpy(to + i * kStride, from + index[i] * kStride, kBytes);
  }
}

void gather_long_rows(const char* from, const std::int64_t* index, std::int64_t count,
                      std::size_t bytes, char* to) {
  const auto stride = static_cast<std::int64_t>(bytes);
  for (std::int64_t i = 0; i < count; ++i) {
    const char* next = from + index[std::min(i + 1, count - 1)] * stride;
    for (std::int64_t line = 0; line < std::min<std::int64_t>(stride, 512); line += 64) {
      __builtin_prefetch(next + line);
    }
    std::memcpy(to + i * stride, from + index[i] * stride, bytes);
  }
}

using ShortRows = void (*)(const char*, const std::int64_t*, std::int64_t, char*);
constexpr std::size_t kShortWords = 32;

template <std::size_t... kWords>
constexpr std::array<ShortRows, sizeof...(kWords)> short_rows(std::index_sequence<kWords...>) {
  return {&gather_short_rows<4 * (kWords + 1)>...};
}

/// What gathers rows of 1 .. kShortWords words of four bytes.
constexpr auto kShortRows = short_rows(std::make_index_sequence<kShortWords>());

}  // namespace

std::size_t row_bytes(const Tensor& rows) {
  return rows.element_size() *
         static_cast<std::size_t>(rows.size(0) == 0 ? 0 : rows.numel() / rows.size(0));
}

void fetch_rows(const Tensor& rows) {
  const auto* data = static_cast<const volatile char*>(rows.data_ptr());
  const std::size_t bytes = std::min<std::size_t>(rows.nbytes(), 1 << 19);
  for (std::size_t line = 0; line < bytes; line += 64) static_cast<void>(data[line]);
}

void gather_rows(const Tensor& from, const std::int64_t* index, std::int64_t count, char* to) {
  const std::size_t bytes = row_bytes(from);
  const auto* base = static_cast<const char*>(from.data_ptr());
  const std::size_t words = bytes / 4;
  if (bytes % 4 == 0 && words >= 1 && words <= kShortWords) {
    kShortRows[words - 1](base, index, count, to);
  } else {
    gather_long_rows(base, index, count, bytes, to);
  }
}

char* copy_rows(const Tensor& from, std::int64_t first, std::int64_t count, char* to) {
  const std::size_t bytes = row_bytes(from);
  std::memcpy(to,
              static_cast<const char*>(from.data_ptr()) + static_cast<std::size_t>(first) * bytes,
              static_cast<std::size_t>(count) * bytes);
  return to + static_cast<std::size_t>(count) * bytes;
}

}  // namespace spurion::regimes
