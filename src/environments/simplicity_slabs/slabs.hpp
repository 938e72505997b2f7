#pragma once

#include <cstdint>
#include <vector>

#include "spurion/export.hpp"

namespace spurion::environments {

/// A coordinate on [-1, 1] cut into slabs whose classes alternate, with gaps of twice the margin
/// between them (Shah et al. 2020). Two slabs are linearly separable: -1 on the left, +1 on the
/// right. Of an odd number the middle one is -1, so that the coordinate is symmetric and no
/// threshold on it tells the classes apart.
class SPURION_API Slabs {
 public:
  /// Whether there may be so many: 2, 3, 5 or 7.
  static bool possible(std::int64_t count);

  /// Margins leave slabs of positive width below this.
  static double widest_margin(std::int64_t count) { return 1.0 / static_cast<double>(count - 1); }

  /// 0 <= margin < widest_margin(count).
  Slabs(std::int64_t count, double margin);

  /// A point of class `side` (-1 or +1): `which` in [0, 1) picks one of its slabs, `where` in
  /// [0, 1) the place in it.
  [[nodiscard]] double place(int side, double which, double where) const;
  /// A point between two slabs, which is uninformative about the class.
  [[nodiscard]] double gap(double which, double where) const;
  [[nodiscard]] double slab_width() const { return width_; }

 private:
  struct Slab {
    double centre;
    double until;  ///< cumulative probability within its class
  };

  std::int64_t count_;
  double margin_;
  double width_;
  std::vector<Slab> negative_;
  std::vector<Slab> positive_;
};

}  // namespace spurion::environments
