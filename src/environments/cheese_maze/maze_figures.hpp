#pragma once

#include <array>
#include <cstdint>

#include "environments/shared/grids/board.hpp"
#include "spurion/mechanism.hpp"
#include "spurion/random.hpp"

namespace spurion::environments {

/// What the figures of the cheese maze depend on.
struct MazeRules {
  int side = 7;             ///< cells on a side, without the border
  int region = 1;           ///< the training cheese is in the first rows and columns
  double walls = 0.0;       ///< P(a cell is a wall)
  std::int64_t steps = 64;  ///< most steps of an episode
  double discount = 0.999;  ///< of a reward, per step
};

/// Cells where the cheese may be, each with the same probability, and the free cells then.
struct CheesePlaces {
  CellSet cheese = 0;
  CellSet open = 0;
};

/// The free cells of a maze: cells are walls independently. Fewer than two free cells: no walls.
CellSet maze_of(const MazeRules& rules, const Board& board, const RandomStream& walls,
                std::int64_t number);
/// Where the cheese is in a maze: within the region, or anywhere on free cells. A region of walls
/// only loses the wall where the cheese is, so `open` then belongs to one cheese: `chosen`.
CheesePlaces places_in_region(const MazeRules& rules, const Board& board, CellSet open);

/// Where a policy that goes to the corner ends: the reachable cell nearest to the top left.
int corner_end(const Board& board, int from, CellSet open);

/// Values of the directions, and one more at the end of the way.
constexpr int kWays = kDirections + 1;

/// Means over mazes, places of the cheese and starts of the agent.
struct MazeFigures {
  Ceiling optimal;  ///< return of shortest ways to the cheese
  Ceiling cue;      ///< return of going to the corner and staying
  Ceiling random;   ///< return of random actions
  /// Expected steps of an episode of the expert with each way to the corner (rows) and each action
  /// (columns), of episodes where there is a way to the cheese.
  std::array<std::array<double, kDirections>, kWays> visits = {};
};

/// Of episodes whose cheese is in the region, and of those whose cheese is anywhere. Exact without
/// walls; with walls the means of drawn mazes, each of which is summed exactly.
struct BothFigures {
  MazeFigures region;
  MazeFigures anywhere;
};
BothFigures maze_figures(const MazeRules& rules);

}  // namespace spurion::environments
