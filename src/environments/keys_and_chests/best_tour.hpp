#pragma once

#include <vector>

#include "environments/keys_and_chests/key_game.hpp"

namespace spurion::environments {

/// The best order of keys and chests.
struct BestTour {
  double value = 0.0;  ///< discounted rewards from now on, without a last step
  int first = -1;      ///< cell of the key or chest that comes first; -1: none is worth it
};

/// Keys and chests of a board together, at most.
constexpr int kMostItems = 8;

/// By dynamic programming over the sets of keys and chests that were visited. Keys that lie on the
/// way to another place are a stop of their own of another tour, so no way is missed. `powers` has
/// the discount to the power of at least as many steps as the board has cells.
BestTour best_tour(const Board& board, const KeyBoard& now, const std::vector<double>& powers);

}  // namespace spurion::environments
