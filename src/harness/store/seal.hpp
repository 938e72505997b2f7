#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "core/blake2b.hpp"

namespace spurion::harness {

using core::Digest;

/// Its first bytes: they are those of a hash already.
struct DigestHash {
  std::size_t operator()(const Digest& digest) const {
    std::size_t hash = 0;
    std::memcpy(&hash, digest.data(), sizeof(hash));
    return hash;
  }
};

/// A number as a store keeps it: there is no negative zero, and what is not finite is NULL.
inline double as_stored(double value) { return value == 0.0 ? 0.0 : value; }

/// The hash of a row of a store: of each value its type and every bit.
class Seal {
 public:
  explicit Seal(std::string_view part) { add(part); }

  Seal& add(std::string_view text) {
    tagged('t', static_cast<std::uint64_t>(text.size()));
    hash_.update(text.data(), text.size());
    return *this;
  }
  Seal& add(std::int64_t value) { return tagged('i', static_cast<std::uint64_t>(value)); }
  Seal& add(double value) {
    if (!std::isfinite(value)) return null();
    value = as_stored(value);
    std::uint64_t bits = 0;
    std::memcpy(&bits, &value, sizeof(bits));
    return tagged('d', bits);
  }
  Seal& add(const Digest& digest) {
    tagged('b', digest.size());
    hash_.update(digest.data(), digest.size());
    return *this;
  }
  Seal& null() { return tagged('n', 0); }
  /// A value of a type that no row of ours has.
  Seal& foreign() { return tagged('x', 0); }
  [[nodiscard]] Digest finish() { return hash_.finish(); }

 private:
  Seal& tagged(char tag, std::uint64_t value) {
    unsigned char bytes[9];
    bytes[0] = static_cast<unsigned char>(tag);
    for (unsigned i = 0; i < 8; ++i) bytes[1 + i] = static_cast<unsigned char>(value >> (8 * i));
    hash_.update(bytes, sizeof(bytes));
    return *this;
  }

  core::Blake2b hash_;
};

/// How many rows a part of a store has, and the sum of their seals: tells a row that is gone or
/// there twice, although each row that is left is whole.
struct Tally {
  std::int64_t rows = 0;
  Digest sum{};

  void add(const Digest& seal) {
    ++rows;
    unsigned carry = 0;
    for (std::size_t i = 0; i < sum.size(); ++i) {
      carry += static_cast<unsigned>(sum[i]) + seal[i];
      sum[i] = static_cast<unsigned char>(carry);
      carry >>= 8U;
    }
  }
  void remove(const Digest& seal) {
    --rows;
    int borrow = 0;
    for (std::size_t i = 0; i < sum.size(); ++i) {
      const int left = static_cast<int>(sum[i]) - seal[i] - borrow;
      borrow = left < 0 ? 1 : 0;
      sum[i] = static_cast<unsigned char>(left + 256 * borrow);
    }
  }
  friend bool operator==(const Tally& a, const Tally& b) {
    return a.rows == b.rows && a.sum == b.sum;
  }
  friend bool operator!=(const Tally& a, const Tally& b) { return !(a == b); }
};

}  // namespace spurion::harness
