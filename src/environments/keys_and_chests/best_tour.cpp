#include "environments/keys_and_chests/best_tour.hpp"

#include <array>

namespace spurion::environments {

namespace {

constexpr std::size_t kItemSets = std::size_t{1} << kMostItems;

/// The places that a tour may visit.
struct TourItems {
  std::array<int, kMostItems> cells{};
  std::size_t number = 0;
  std::size_t keys = 0;  ///< the first of them are keys

  void add(CellSet set) {
    for (; set != 0; set &= set - 1) cells[number++] = first_of(set);
  }
};

/// Keys held and chests opened once the places of `visited` were visited.
struct TourCount {
  int held;
  int opened;
};
TourCount tour_count(const TourItems& items, const KeyBoard& now, std::size_t visited) {
  const std::size_t key_bits = visited & ((std::size_t{1} << items.keys) - 1);
  const int keys = __builtin_popcountll(key_bits);
  const int opened = __builtin_popcountll(visited) - keys;
  return {now.held + keys - opened, opened};
}

}  // namespace

BestTour best_tour(const Board& board, const KeyBoard& now, const std::vector<double>& powers) {
  TourItems items;
  items.add(now.keys);
  items.keys = items.number;
  items.add(now.chests);
  const std::size_t number = items.number;
  std::array<std::array<int, kMostItems>, kMostItems + 1> steps{};
  for (std::size_t to = 0; to < number; ++to) {
    for (std::size_t from = 0; from < to; ++from) {
      steps[from][to] = steps[to][from] =
          board.distance(items.cells[from], items.cells[to], now.open);
    }
    steps[kMostItems][to] = board.distance(now.agent, items.cells[to], now.open);
  }
  // values[visited][last]: what is still earned from the place `last` on.
  std::array<std::array<double, kMostItems>, kItemSets> values;
  const auto best_from = [&](std::size_t visited, std::size_t last) {
    BestTour best;
    const TourCount count = tour_count(items, now, visited);
    if (count.opened >= now.wanted) return best;
    for (std::size_t to = 0; to < number; ++to) {
      const std::size_t bit = std::size_t{1} << to;
      const bool chest = to >= items.keys;
      const int distance = steps[last][to];
      if ((visited & bit) != 0 || distance < 0 || (chest && count.held == 0)) continue;
      const auto there = static_cast<std::size_t>(distance);
      const double earned = chest ? powers[there > 0 ? there - 1 : 0] : 0.0;
      const double value = earned + powers[there] * values[visited | bit][to];
      if (value > best.value) best = {value, items.cells[to]};
    }
    return best;
  };
  const std::size_t all = std::size_t{1} << number;
  for (std::size_t visited = all - 1; visited > 0; --visited) {
    const bool possible = tour_count(items, now, visited).held >= 0;
    for (std::size_t last = 0; last < number; ++last) {
      const bool in = ((visited >> last) & 1U) != 0;
      values[visited][last] = in && possible ? best_from(visited, last).value : 0.0;
    }
  }
  return best_from(0, kMostItems);
}

}  // namespace spurion::environments
