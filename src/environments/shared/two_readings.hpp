#pragma once

#include "spurion/environment.hpp"
#include "spurion/export.hpp"

namespace spurion::environments {

/// A label read twice through Gaussian noise, once by way of an attribute that may disagree with
/// it. y = -1 or +1, evenly:
///
///     a = y, negated with probability e of the domain
///     u ~ N(y core_distance, 1),   v ~ N(a cue_distance, 1)
///
/// A predictor that is best where e = `train_shift` answers with the sign of 2 core_distance u +
/// L(v), with L the log-odds that v gives there.
class SPURION_API TwoReadings {
 public:
  TwoReadings(double core_distance, double cue_distance)
      : core_(core_distance), cue_(cue_distance) {}

  /// log P(v | y = +1) / P(v | y = -1) in a domain.
  [[nodiscard]] double log_odds(double v, double shift) const;
  /// P(right | the attribute agrees with the label, or does not) of the predictor that is best
  /// where e = `train_shift`.
  [[nodiscard]] Ceiling in_group(bool agrees, double train_shift) const;
  /// P(right) of it where e = `here`.
  [[nodiscard]] Ceiling accuracy(double here, double train_shift) const;
  /// Of u alone.
  [[nodiscard]] Ceiling invariant() const;
  /// Of v alone, used as it is best where e = `train_shift`.
  [[nodiscard]] Ceiling cue_only(double here, double train_shift) const;

 private:
  double core_;
  double cue_;
};

}  // namespace spurion::environments
