#include "spurion/random.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <set>

#include "catch.hpp"
#include "core/random_fill.hpp"

using namespace spurion;

// Known answers of the Random123 distribution (kat_vectors, philox4x32 10).
TEST_CASE("Philox4x32-10 gives the published known answers") {
  CHECK(philox4x32(0, 0, 0) ==
        std::array<std::uint32_t, 4>{0x6627e8d5U, 0xe169c58dU, 0xbc57ac4cU, 0x9b00dbd8U});
  CHECK(philox4x32(~0ULL, ~0ULL, ~0ULL) ==
        std::array<std::uint32_t, 4>{0x408f276dU, 0x41c83b0eU, 0xa20bc7c6U, 0x6d5451fdU});
  CHECK(philox4x32(0x299f31d0a4093822ULL, 0x85a308d3243f6a88ULL, 0x0370734413198a2eULL) ==
        std::array<std::uint32_t, 4>{0xd16cfe09U, 0x94fdccebU, 0x5001e420U, 0x24126ea1U});
}

TEST_CASE("stream keys of different paths differ") {
  std::set<std::uint64_t> seen;
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    for (const char* name : {"a", "b", "ab", "7", ""}) {
      seen.insert(RandomKey(seed).child(name).value());
      seen.insert(RandomKey(seed).child(name).child("x").value());
    }
    seen.insert(RandomKey(seed).child(std::uint64_t{7}).value());
  }
  CHECK(seen.size() == 50 * 11);
  CHECK(RandomKey(1).child("a").child("b").value() != RandomKey(1).child("b").child("a").value());
}

TEST_CASE("uniform and normal draws have their moments") {
  const RandomStream stream(RandomKey(3).child("moments"));
  constexpr std::int64_t kCount = 200000;
  double u1 = 0;
  double n1 = 0;
  double n2 = 0;
  double n4 = 0;
  for (std::int64_t i = 0; i < kCount; ++i) {
    const double u = stream.uniform(i, 1);
    REQUIRE(u >= 0.0);
    REQUIRE(u < 1.0);
    u1 += u;
    const double n = stream.normal(i, 2);
    n1 += n;
    n2 += n * n;
    n4 += n * n * n * n;
  }
  // Four standard errors each: sqrt(1/12), 1, sqrt(2), sqrt(96) over sqrt(count).
  const double root = std::sqrt(static_cast<double>(kCount));
  CHECK(std::abs(u1 / kCount - 0.5) < 4 * std::sqrt(1.0 / 12) / root);
  CHECK(std::abs(n1 / kCount) < 4 / root);
  CHECK(std::abs(n2 / kCount - 1) < 4 * std::sqrt(2.0) / root);
  CHECK(std::abs(n4 / kCount - 3) < 4 * std::sqrt(96.0) / root);
}

TEST_CASE("filling a block equals drawing one by one, wherever it starts") {
  const RandomStream stream(RandomKey(5));
  std::vector<float> block(7 * 3);
  stream.fill_normal(100, 7, 3, block.data());
  for (std::int64_t row = 0; row < 7; ++row) {
    for (std::int64_t lane = 0; lane < 3; ++lane) {
      CHECK(block[static_cast<std::size_t>(row * 3 + lane)] ==
            static_cast<float>(stream.normal(100 + row, lane)));
    }
  }
  std::vector<std::int64_t> picks(1000);
  core::fill_below(RandomKey(5), 77, 12, 1000, picks.data());
  std::vector<double> coins(3 * 1000);
  stream.fill_uniform(11, 3, 1000, coins.data());
  for (std::int64_t lane = 0; lane < 1000; ++lane) {
    const auto at = static_cast<std::size_t>(lane);
    CHECK(picks[at] == stream.below(77, 12, lane));
    CHECK((coins[1000 + at] < 0.5) == stream.bernoulli(0.5, 12, lane));
  }
}

TEST_CASE("a long block has the rows of a short one, and 64-bit rows count") {
  const RandomStream stream(RandomKey(6));
  const std::int64_t far = std::int64_t{1} << 40;
  std::vector<float> block(1000 * 5);
  stream.fill_normal(far, 1000, 5, block.data());
  std::vector<double> uniforms(1000);
  stream.fill_uniform(far, 1000, 1, uniforms.data());
  for (std::int64_t row = 0; row < 1000; ++row) {
    REQUIRE(uniforms[static_cast<std::size_t>(row)] == stream.uniform(far + row));
    for (std::int64_t lane = 0; lane < 5; ++lane) {
      REQUIRE(block[static_cast<std::size_t>(row * 5 + lane)] ==
              static_cast<float>(stream.normal(far + row, lane)));
    }
  }
}

// One hash (FNV-1a of the bits) on every machine, whatever its vector instructions.
TEST_CASE("normals are the same bits everywhere") {
  std::vector<float> draws(1 << 16);
  RandomStream(RandomKey(13)).fill_normal(0, 1 << 15, 2, draws.data());
  std::uint64_t hash = 0xcbf29ce484222325ULL;
  for (const float draw : draws) {
    std::uint32_t bits = 0;
    std::memcpy(&bits, &draw, sizeof bits);
    hash = (hash ^ bits) * 0x100000001b3ULL;
  }
  CHECK(hash == 0xd575839fb07596e2ULL);
}

TEST_CASE("normals are Box-Muller's of the standard library's functions") {
  constexpr double kTwoPi = 6.283185307179586476925286766559;
  const std::uint64_t key = RandomKey(8).child("accuracy").value();
  const RandomStream stream(RandomKey(8).child("accuracy"));
  double largest = 0.0;
  for (std::int64_t row = 0; row < 300000; ++row) {
    const auto w = philox4x32(key, static_cast<std::uint64_t>(row), 0);
    const std::uint64_t first = (std::uint64_t{w[1]} << 32U) | w[0];
    const std::uint64_t second = (std::uint64_t{w[3]} << 32U) | w[2];
    const double radius =
        std::sqrt(-2.0 * std::log((static_cast<double>(first >> 11U) + 1.0) * 0x1.0p-53));
    const double turn = static_cast<double>(second >> 11U) * 0x1.0p-53;
    const double expected = radius * std::cos(kTwoPi * turn);
    // The argument of the library's cosine is rounded: 2 pi * 2^-53, whatever the cosine.
    REQUIRE(std::abs(stream.normal(row) - expected) <= 1e-14 * std::abs(expected) + 1e-15 * radius);
    largest = std::max(largest, std::abs(expected));
  }
  CHECK(largest > 4.0);
}

TEST_CASE("normals fall into the tails as often as they should") {
  constexpr std::int64_t kCount = 1 << 20;
  std::vector<float> draws(kCount);
  RandomStream(RandomKey(11)).fill_normal(0, kCount, 1, draws.data());
  for (const double bound : {0.5, 1.0, 2.0, 3.0, 4.0}) {
    const double share = std::erfc(bound / std::sqrt(2.0));
    const auto beyond = static_cast<double>(std::count_if(
        draws.begin(), draws.end(), [bound](float draw) { return std::abs(draw) > bound; }));
    // Four standard deviations of a binomial.
    CHECK(std::abs(beyond - share * kCount) < 4 * std::sqrt(share * (1 - share) * kCount));
  }
}

TEST_CASE("neighbouring normals are not correlated") {
  constexpr std::int64_t kCount = 200000;
  std::vector<float> draws(2 * kCount);
  RandomStream(RandomKey(12)).fill_normal(0, kCount, 2, draws.data());
  double rows = 0.0;
  double lanes = 0.0;
  for (std::size_t i = 0; i + 2 < draws.size(); i += 2) {
    lanes += static_cast<double>(draws[i]) * draws[i + 1];
    rows += static_cast<double>(draws[i]) * draws[i + 2];
  }
  const double root = std::sqrt(static_cast<double>(kCount));
  CHECK(std::abs(lanes) < 4 * root);
  CHECK(std::abs(rows) < 4 * root);
}

TEST_CASE("a permutation holds every index once and depends on its key") {
  const auto first = permutation(RandomKey(1), 1000);
  auto sorted = first;
  std::sort(sorted.begin(), sorted.end());
  for (std::int64_t i = 0; i < 1000; ++i) REQUIRE(sorted[static_cast<std::size_t>(i)] == i);
  CHECK(first == permutation(RandomKey(1), 1000));
  CHECK(first != permutation(RandomKey(2), 1000));
}

TEST_CASE("integers below n are uniform") {
  const RandomStream stream(RandomKey(9));
  std::array<int, 7> counts{};
  for (std::int64_t i = 0; i < 70000; ++i) ++counts[static_cast<std::size_t>(stream.below(7, i))];
  // 10,000 expected; four standard deviations of a binomial.
  for (const int count : counts) CHECK(std::abs(count - 10000) < 4 * 93);
}
