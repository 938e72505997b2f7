#pragma once

#include <string>

#include "spurion/export.hpp"

namespace spurion {

/// Processor time of workers in seconds, by what they were at.
struct WorkTimes {
  double training = 0.0;    ///< inside `Method::step`
  double data = 0.0;        ///< making rows and gathering minibatches
  double evaluation = 0.0;  ///< measuring: predictions, scores, ceilings
  double rest = 0.0;        ///< everything else
  /// All of it.
  [[nodiscard]] double total() const { return training + data + evaluation + rest; }
  SPURION_API WorkTimes& operator+=(const WorkTimes& other);  ///< Adds the times of another.
  /// All times multiplied.
  [[nodiscard]] SPURION_API WorkTimes operator*(double factor) const;
};

/// "training 91 %, data 3 %, evaluation 5 %, rest 1 %"; empty when no time was measured.
SPURION_API std::string work_shares(const WorkTimes& times);

}  // namespace spurion
