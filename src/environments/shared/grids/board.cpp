#include "environments/shared/grids/board.hpp"

#include <fmt/format.h>

#include <cstdlib>

#include "spurion/error.hpp"

namespace spurion::environments {

std::vector<std::string> direction_names() { return {"up", "left", "down", "right"}; }

int nth_of(CellSet cells, std::int64_t index) {
  for (; index > 0; --index) cells &= cells - 1;
  return first_of(cells);
}

Board::Board(int side) : side_(side) {
  if (side < 1 || side > kMostSide) {
    throw LogicError(fmt::format("a board of {} x {} cells", side, side));
  }
  for (int at = 0; at < side; ++at) {
    first_column_ |= only(cell(at, 0));
    last_column_ |= only(cell(at, side - 1));
    for (int column = 0; column < side; ++column) all_ |= only(cell(at, column));
  }
  for (int from = 0; from < cells(); ++from) {
    const int at = from / side;
    const int column = from % side;
    row_[static_cast<std::size_t>(from)] = static_cast<std::int8_t>(at);
    column_[static_cast<std::size_t>(from)] = static_cast<std::int8_t>(column);
    for (std::size_t direction = 0; direction < kDirections; ++direction) {
      const int to_row = at + kRowStep[direction];
      const int to_column = column + kColumnStep[direction];
      const bool inside = to_row >= 0 && to_row < side && to_column >= 0 && to_column < side;
      next_[static_cast<std::size_t>(from * kDirections) + direction] =
          static_cast<std::int8_t>(inside ? cell(to_row, to_column) : kNowhere);
    }
  }
}

CellSet Board::corner(int size) const {
  CellSet cells = 0;
  for (int at = 0; at < size; ++at) {
    for (int column = 0; column < size; ++column) cells |= only(cell(at, column));
  }
  return cells;
}

CellSet Board::reached(int from, CellSet open) const {
  CellSet cells = only(from);
  for (CellSet before = 0; before != cells;) {
    before = cells;
    cells |= beside(cells) & open;
  }
  return cells;
}

int Board::way(int from, CellSet targets, CellSet open, Preference preference) const {
  const CellSet here = only(from);
  if ((targets & here) != 0) return kNowhere;
  const CellSet near = beside(here) & open;
  CellSet seen = targets;
  for (CellSet border = targets; border != 0;) {
    const CellSet met = border & near;
    if (met != 0) {
      for (const int direction : in_order(preference)) {
        const int next = step(from, direction);
        if (next != kNowhere && has(met, next)) return direction;
      }
    }
    border = beside(border) & open & ~seen;
    seen |= border;
  }
  return kNowhere;
}

Preference Board::longer_side(int from, int target) const {
  return std::abs(row(from) - row(target)) >= std::abs(column(from) - column(target))
             ? Preference::rows_first
             : Preference::columns_first;
}

int Board::way_to(int from, int target, CellSet open) const {
  return way(from, only(target), open, longer_side(from, target));
}

int Board::open_way_to(int from, int target) const {
  const int rows = row(target) - row(from);
  const int columns = column(target) - column(from);
  if (rows == 0 && columns == 0) return kNowhere;
  if (std::abs(rows) >= std::abs(columns)) return rows < 0 ? kUp : kDown;
  return columns < 0 ? kLeft : kRight;
}

int Board::distance(int from, int target, CellSet open) const {
  const CellSet here = only(from);
  CellSet seen = only(target);
  int steps = 0;
  for (CellSet border = seen; border != 0; ++steps) {
    if ((border & here) != 0) return steps;
    border = beside(border) & open & ~seen;
    seen |= border;
  }
  return -1;
}

CellSet Layer::get(const Episodes& episodes, std::int64_t i) const {
  CellSet cells = 0;
  for (std::int64_t row = 0; row < side; ++row) {
    const auto bits = static_cast<std::uint64_t>(episodes.values(first + row)[i]);
    cells |= CellSet{bits} << static_cast<unsigned>(row * side);
  }
  return cells;
}

void Layer::set(Episodes& episodes, std::int64_t i, CellSet cells) const {
  const std::uint64_t row_bits = (std::uint64_t{1} << static_cast<unsigned>(side)) - 1;
  for (std::int64_t row = 0; row < side; ++row) {
    const auto bits =
        static_cast<std::uint64_t>(cells >> static_cast<unsigned>(row * side)) & row_bits;
    episodes.values(first + row)[i] = static_cast<double>(bits);
  }
}

void Layer::add_names(const std::string& name, std::vector<std::string>& names) const {
  for (std::int64_t row = 0; row < side; ++row) names.push_back(fmt::format("{}_{}", name, row));
}

void draw(CellSet cells, const Board& board, std::int64_t stride, float* channel) {
  for (; cells != 0; cells &= cells - 1) {
    const int cell = first_of(cells);
    channel[board.row(cell) * stride + board.column(cell)] = 1.0F;
  }
}

void draw_border(std::int64_t side, float* channel) {
  for (std::int64_t at = 0; at < side; ++at) {
    channel[at] = channel[(side - 1) * side + at] = 1.0F;
    channel[at * side] = channel[at * side + side - 1] = 1.0F;
  }
}

}  // namespace spurion::environments
