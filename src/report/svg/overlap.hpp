#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace spurion::report {

/// The places of a series in a picture.
struct DrawnPath {
  std::string kind;       ///< only series of the same kind hide each other
  std::vector<double> x;  ///< pixels
  std::vector<double> y;  ///< pixels
};

/// Which of the series in one place a series is.
struct Overlap {
  std::size_t first = 0;  ///< the series that is drawn first in this place
  std::size_t rank = 0;   ///< 0: it is that one
  std::size_t count = 1;  ///< series in this place

  /// Whether it hides another, or is hidden by one.
  [[nodiscard]] bool shared() const { return count > 1; }
  /// Whether its sign is the one that is drawn at a point: they take turns.
  [[nodiscard]] bool has_turn(std::size_t point) const { return point % count == rank; }
  /// Dashes that leave the lines below it to be seen; empty: it is drawn as it is.
  [[nodiscard]] std::string dashes() const;
};

/// Finds series that lie on each other: less than a pixel apart at each of their points.
std::vector<Overlap> overlaps_of(const std::vector<DrawnPath>& paths);

}  // namespace spurion::report
