#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "spurion/export.hpp"
#include "spurion/interactive.hpp"

/// \file
/// Boards of the grid worlds. A set of cells is a set of bits, so that a breadth-first search takes
/// a few instructions a step.

namespace spurion::environments {

/// A set of cells: bit `row * side + column`.
__extension__ using CellSet = unsigned __int128;

/// Directions, as the actions of the grid worlds number them.
enum Direction : int { kUp = 0, kLeft = 1, kDown = 2, kRight = 3 };
inline constexpr int kDirections = 4;
/// Where there is no direction: the way is at its end, or there is none.
inline constexpr int kNowhere = -1;
/// "up", "left", "down", "right".
SPURION_API std::vector<std::string> direction_names();

/// Rows and columns that a step goes on.
inline constexpr std::array<int, kDirections> kRowStep = {-1, 0, 1, 0};
inline constexpr std::array<int, kDirections> kColumnStep = {0, -1, 0, 1};

/// Number of cells of a set.
inline int count(CellSet cells) {
  return __builtin_popcountll(static_cast<std::uint64_t>(cells)) +
         __builtin_popcountll(static_cast<std::uint64_t>(cells >> 64U));
}
/// The cell with the least number of a set that is not empty.
inline int first_of(CellSet cells) {
  const auto low = static_cast<std::uint64_t>(cells);
  return low != 0 ? __builtin_ctzll(low)
                  : 64 + __builtin_ctzll(static_cast<std::uint64_t>(cells >> 64U));
}
/// The cell number `index` of a set, in order; 0 <= index < count(cells).
SPURION_API int nth_of(CellSet cells, std::int64_t index);

/// Which of several shortest ways is taken.
enum class Preference {
  rows_first,    ///< up, down, left, right
  columns_first  ///< left, right, up, down
};

/// A square board with a side of 1 to 11 cells.
class SPURION_API Board {
 public:
  static constexpr int kMostSide = 11;

  explicit Board(int side);

  [[nodiscard]] int side() const { return side_; }
  [[nodiscard]] int cells() const { return side_ * side_; }
  [[nodiscard]] int cell(int row, int column) const { return row * side_ + column; }
  [[nodiscard]] int row(int cell) const { return row_[static_cast<std::size_t>(cell)]; }
  [[nodiscard]] int column(int cell) const { return column_[static_cast<std::size_t>(cell)]; }
  [[nodiscard]] CellSet all() const { return all_; }
  static CellSet only(int cell) { return CellSet{1} << static_cast<unsigned>(cell); }
  static bool has(CellSet cells, int cell) {
    return ((cells >> static_cast<unsigned>(cell)) & 1U) != 0;
  }
  /// The rows and columns below `size`.
  [[nodiscard]] CellSet corner(int size) const;

  /// The cell one step on; `kNowhere` outside the board.
  [[nodiscard]] int step(int cell, int direction) const {
    return next_[static_cast<std::size_t>(cell * kDirections + direction)];
  }
  /// The cells that are one step from a cell of the set.
  [[nodiscard]] CellSet beside(CellSet cells) const {
    const auto side = static_cast<unsigned>(side_);
    return ((cells & ~first_column_) >> 1U) | ((cells & ~last_column_) << 1U) | (cells >> side) |
           ((cells << side) & all_);
  }
  /// The cells that can be reached from `cell` through `open` cells, itself included.
  [[nodiscard]] CellSet reached(int cell, CellSet open) const;
  /// The first direction of a shortest way through `open` cells to the nearest of `targets`, which
  /// are open. `kNowhere` if `from` is a target or there is no way.
  [[nodiscard]] int way(int from, CellSet targets, CellSet open, Preference preference) const;
  /// The same for one target; of several shortest ways it takes the longer side first.
  [[nodiscard]] int way_to(int from, int target, CellSet open) const;
  /// The same on a board without walls.
  [[nodiscard]] int open_way_to(int from, int target) const;
  /// Steps of a shortest way; -1 if there is none.
  [[nodiscard]] int distance(int from, int target, CellSet open) const;
  /// Which way `way_to` takes if there are several.
  [[nodiscard]] Preference longer_side(int from, int target) const;

 private:
  static constexpr std::size_t kMostCells = std::size_t{kMostSide} * kMostSide;

  int side_;
  CellSet all_ = 0;
  CellSet first_column_ = 0;
  CellSet last_column_ = 0;
  std::array<std::int8_t, kMostCells> row_{};
  std::array<std::int8_t, kMostCells> column_{};
  std::array<std::int8_t, kMostCells * kDirections> next_{};  ///< cells one step on
};

/// The directions in the order in which a preference takes them.
inline constexpr std::array<int, kDirections> in_order(Preference preference) {
  return preference == Preference::rows_first
             ? std::array<int, kDirections>{kUp, kDown, kLeft, kRight}
             : std::array<int, kDirections>{kLeft, kRight, kUp, kDown};
}

/// Sets of cells in the state of episodes: a number for each row of the board, whose bit c is
/// column c.
struct Layer {
  std::int64_t first = 0;  ///< number of the state of row 0
  std::int64_t side = 0;   ///< rows; 0: there is no such layer, and every cell is out of it

  [[nodiscard]] bool has(const Episodes& episodes, std::int64_t i, std::int64_t row,
                         std::int64_t column) const {
    return ((static_cast<std::int64_t>(episodes.values(first + row)[i]) >> column) & 1) != 0;
  }
  void remove(Episodes& episodes, std::int64_t i, std::int64_t row, std::int64_t column) const {
    episodes.values(first + row)[i] -= static_cast<double>(std::int64_t{1} << column);
  }
  [[nodiscard]] CellSet get(const Episodes& episodes, std::int64_t i) const;
  void set(Episodes& episodes, std::int64_t i, CellSet cells) const;
  /// Names of its numbers: "walls_0", "walls_1" ...
  void add_names(const std::string& name, std::vector<std::string>& names) const;
};

/// Writes 1 where the set has a cell, in a channel of `stride` numbers a row; (0, 0) of the board
/// is at `channel`.
void draw(CellSet cells, const Board& board, std::int64_t stride, float* channel);
/// Writes 1 in the first and the last row and column of a channel [side, side].
void draw_border(std::int64_t side, float* channel);

}  // namespace spurion::environments
