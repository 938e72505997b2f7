#include "environments/shared/exact_shares.hpp"

#include <numeric>
#include <utility>

namespace spurion::environments {
namespace {

constexpr std::int64_t kParts = 10;

/// Where `place` comes in a shuffle of ten that `row` of the stream draws (Fisher and Yates).
std::int64_t shuffled(const RandomStream& stream, std::int64_t row, std::int64_t place) {
  std::array<std::int64_t, kParts> order{};
  std::iota(order.begin(), order.end(), std::int64_t{0});
  for (std::int64_t i = kParts - 1; i > 0; --i) {
    const std::int64_t j = stream.below(i + 1, row, i);
    std::swap(order[static_cast<std::size_t>(i)], order[static_cast<std::size_t>(j)]);
  }
  return order[static_cast<std::size_t>(place)];
}

template <std::size_t... kLevel>
std::array<RandomStream, sizeof...(kLevel)> level_streams(const RandomKey& key,
                                                          std::index_sequence<kLevel...>) {
  return {RandomStream(key.child("level").child(std::uint64_t{kLevel}))...};
}

}  // namespace

StratifiedUniforms::StratifiedUniforms(const RandomKey& key)
    : orders_(level_streams(key, std::make_index_sequence<kLevels>())), rest_(key.child("rest")) {}

double StratifiedUniforms::operator()(std::int64_t turn) const {
  // Of the ten turns of a block each gets another tenth; of the ten blocks of a larger one, those
  // turns that got the same tenth get another tenth of it each; and so on.
  std::int64_t left = turn;  // blocks of the level before this one
  std::int64_t strata = 1;   // parts of [0, 1) so far
  std::int64_t known = 0;    // which of them, as a name
  std::int64_t ordered = 0;  // and as its place from the left
  for (const RandomStream& order : orders_) {
    const std::int64_t place = left % kParts;
    left /= kParts;
    const std::int64_t tenth = shuffled(order, left * strata + known, place);
    known += tenth * strata;
    ordered = ordered * kParts + tenth;
    strata *= kParts;
  }
  return (static_cast<double>(ordered) + rest_.uniform(turn)) / static_cast<double>(strata);
}

}  // namespace spurion::environments
