#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "spurion/export.hpp"

/// \file
/// Counter-based randomness: Philox4x32-10 (Salmon et al. 2011, "Parallel random numbers: as easy
/// as 1, 2, 3"). A number is a pure function of (key, row, lane). Row i does not depend on other
/// rows, on the order or on threads, and 100 rows are a prefix of 1000.

namespace spurion {

/// One Philox4x32-10 block: 128 random bits for a 64-bit key and a 128-bit counter.
SPURION_API std::array<std::uint32_t, 4> philox4x32(std::uint64_t key, std::uint64_t counter_low,
                                                    std::uint64_t counter_high) noexcept;

/// The name of a random stream: a path such as seed / environment / domain / split / variable,
/// hashed to 64 bits. Different paths give independent streams.
class SPURION_API RandomKey {
 public:
  /// The root of all keys of a seed.
  explicit RandomKey(std::uint64_t seed) noexcept;
  /// The key with `name` appended to the path.
  [[nodiscard]] RandomKey child(std::string_view name) const noexcept;
  /// The key of a part, by number.
  [[nodiscard]] RandomKey child(std::uint64_t index) const noexcept;
  /// The key as a number.
  [[nodiscard]] std::uint64_t value() const noexcept { return value_; }

 private:
  std::uint64_t value_;
};

/// The numbers of one random stream. `row` is the row of a data set, `lane` the component in the
/// row.
class SPURION_API RandomStream {
 public:
  /// The random numbers of a key.
  explicit RandomStream(const RandomKey& key) noexcept : key_(key.value()) {}

  /// Uniform in [0, 1), 53 random bits.
  [[nodiscard]] double uniform(std::int64_t row, std::int64_t lane = 0) const noexcept;
  /// Standard normal (Box-Muller on two 53-bit uniforms), the same bits on every machine.
  [[nodiscard]] double normal(std::int64_t row, std::int64_t lane = 0) const noexcept;
  /// True with probability p.
  [[nodiscard]] bool bernoulli(double p, std::int64_t row, std::int64_t lane = 0) const noexcept {
    return uniform(row, lane) < p;
  }
  /// Uniform integer in [0, n); n >= 1.
  [[nodiscard]] std::int64_t below(std::int64_t n, std::int64_t row,
                                   std::int64_t lane = 0) const noexcept;
  /// 64 random bits.
  [[nodiscard]] std::uint64_t bits(std::int64_t row, std::int64_t lane = 0) const noexcept;

  /// out[r * lanes + l] = normal(first + r, l), the same bits as a loop over `normal`, but faster.
  void fill_normal(std::int64_t first, std::int64_t rows, std::int64_t lanes, float* out) const;
  /// out[r * lanes + l] = uniform(first + r, l).
  void fill_uniform(std::int64_t first, std::int64_t rows, std::int64_t lanes, double* out) const;

 private:
  std::uint64_t key_;
};

/// The permutation of 0..n-1 named by `key` (Fisher-Yates).
SPURION_API std::vector<std::int64_t> permutation(const RandomKey& key, std::int64_t n);

}  // namespace spurion
