#include "report/svg/level_lines.hpp"

#include <cmath>
#include <cstddef>

namespace spurion::report {

namespace {

using Point = std::array<double, 2>;

/// A corner of a square of four cells.
struct Corner {
  Point at;
  double value;
};

/// Where an edge crosses the level.
Point crossing(const Corner& a, const Corner& b, double level) {
  const double share = (level - a.value) / (b.value - a.value);
  return {a.at[0] + share * (b.at[0] - a.at[0]), a.at[1] + share * (b.at[1] - a.at[1])};
}

/// Adds the pieces within a square whose corners go around it.
void add_pieces(const std::array<Corner, 4>& corners, double level, std::vector<LevelPiece>& out) {
  std::vector<Point> crossings;
  double middle = 0.0;
  for (std::size_t i = 0; i < 4; ++i) {
    const Corner& a = corners[i];
    const Corner& b = corners[(i + 1) % 4];
    if (!std::isfinite(a.value)) return;
    middle += 0.25 * a.value;
    if (std::isfinite(b.value) && (a.value >= level) != (b.value >= level)) {
      crossings.push_back(crossing(a, b, level));
    }
  }
  if (crossings.size() == 2) out.push_back({crossings[0], crossings[1]});
  if (crossings.size() != 4) return;
  // Of a saddle the middle says which corners are joined.
  const bool joined = (corners[0].value >= level) == (middle >= level);
  const std::size_t first = joined ? 0 : 3;
  for (const std::size_t i : {first, (first + 2) % 4}) {
    out.push_back({crossings[i], crossings[(i + 1) % 4]});
  }
}

}  // namespace

std::vector<LevelPiece> level_pieces(const std::vector<std::vector<double>>& grid, double level) {
  std::vector<LevelPiece> out;
  for (std::size_t row = 0; row + 1 < grid.size(); ++row) {
    for (std::size_t column = 0; column + 1 < grid[row].size(); ++column) {
      const auto corner = [&](std::size_t r, std::size_t c) {
        return Corner{{static_cast<double>(c), static_cast<double>(r)}, grid[r][c]};
      };
      add_pieces({corner(row, column), corner(row, column + 1), corner(row + 1, column + 1),
                  corner(row + 1, column)},
                 level, out);
    }
  }
  return out;
}

}  // namespace spurion::report
