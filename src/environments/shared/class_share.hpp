#pragma once

#include <fmt/format.h>

#include <string>

namespace spurion::environments {

/// P(v = +1) of v = y, negated with probability `disagreement`, where P(y = +1) = `class_share`.
/// Exactly 1/2 of even classes.
inline double share_of_two_values(double class_share, double disagreement) {
  if (class_share == 0.5) return 0.5;
  return class_share * (1.0 - disagreement) + (1.0 - class_share) * disagreement;
}

/// How a mechanism says where y comes from.
inline std::string classes_text(double class_share) {
  return class_share == 0.5 ? "y = -1 or +1, evenly"
                            : fmt::format("y = +1 with probability {}, else -1", class_share);
}

/// How a graph says what the label is.
inline std::string label_text(double class_share) {
  return class_share == 0.5 ? "a fair coin; y = -1 or +1" : classes_text(class_share);
}

}  // namespace spurion::environments
