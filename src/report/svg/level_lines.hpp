#pragma once

#include <array>
#include <vector>

#include "spurion/export.hpp"

/// \file
/// Where the values of a grid cross a level, as straight pieces between the middles of neighbouring
/// cells ("marching squares").

namespace spurion::report {

/// A piece of a boundary. A place is counted in cells: 0 is the middle of the first.
struct LevelPiece {
  std::array<double, 2> from;  ///< column and row
  std::array<double, 2> to;
};

/// `grid`: [row][column], NaN where there is no value: no boundary goes there. Between two cells
/// the value is taken to change evenly. A value that is the level counts as above it.
SPURION_API std::vector<LevelPiece> level_pieces(const std::vector<std::vector<double>>& grid,
                                                 double level);

}  // namespace spurion::report
