#pragma once

#include <cstdint>
#include <vector>

#include "spurion/export.hpp"

namespace spurion::environments {

/// Steps to the goal of a mountain car, by value iteration on a grid of positions and velocities
/// with bilinear interpolation. The greedy policy of the table is nearly optimal.
class SPURION_API CarOptimum {
 public:
  /// A finer grid is slower to make: 0.1 s for the default.
  explicit CarOptimum(std::int64_t positions = 241, std::int64_t velocities = 181);
  /// The same for all that ask: made at the first call.
  static const CarOptimum& shared();

  /// Steps that are left, 0 at the goal.
  [[nodiscard]] double steps_left(double position, double velocity) const;
  /// The push (-1, 0 or +1) after which fewest steps are left; of equals the first.
  [[nodiscard]] std::int64_t push(double position, double velocity) const;

 private:
  /// Where a state lies: the lower left corner of its cell, and how far it is from there.
  struct Cell {
    std::int64_t corner;
    double right;
    double up;
  };
  [[nodiscard]] Cell cell(double position, double velocity) const;
  [[nodiscard]] double between(const Cell& at) const;
  void sweep_until_still();

  std::int64_t positions_;
  std::int64_t velocities_;
  std::vector<double> left_;  ///< [positions, velocities]
};

}  // namespace spurion::environments
