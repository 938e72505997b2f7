#include "spurion/random.hpp"

#include <algorithm>
#include <cmath>
#include <set>

#include "catch.hpp"

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
      seen.insert(StreamKey(seed).child(name).value());
      seen.insert(StreamKey(seed).child(name).child("x").value());
    }
    seen.insert(StreamKey(seed).child(std::uint64_t{7}).value());
  }
  CHECK(seen.size() == 50 * 11);
  CHECK(StreamKey(1).child("a").child("b").value() != StreamKey(1).child("b").child("a").value());
}

TEST_CASE("uniform and normal draws have their moments") {
  const Stream stream(StreamKey(3).child("moments"));
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
  const Stream stream(StreamKey(5));
  std::vector<float> block(7 * 3);
  stream.fill_normal(100, 7, 3, block.data());
  for (std::int64_t row = 0; row < 7; ++row) {
    for (std::int64_t lane = 0; lane < 3; ++lane) {
      CHECK(block[static_cast<std::size_t>(row * 3 + lane)] ==
            static_cast<float>(stream.normal(100 + row, lane)));
    }
  }
}

TEST_CASE("a permutation holds every index once and depends on its key") {
  const auto first = permutation(StreamKey(1), 1000);
  auto sorted = first;
  std::sort(sorted.begin(), sorted.end());
  for (std::int64_t i = 0; i < 1000; ++i) REQUIRE(sorted[static_cast<std::size_t>(i)] == i);
  CHECK(first == permutation(StreamKey(1), 1000));
  CHECK(first != permutation(StreamKey(2), 1000));
}

TEST_CASE("integers below n are uniform") {
  const Stream stream(StreamKey(9));
  std::array<int, 7> counts{};
  for (std::int64_t i = 0; i < 70000; ++i) ++counts[static_cast<std::size_t>(stream.below(7, i))];
  // 10,000 expected; four standard deviations of a binomial.
  for (const int count : counts) CHECK(std::abs(count - 10000) < 4 * 93);
}
