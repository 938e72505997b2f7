#pragma once

#include "spurion/environment.hpp"
#include "spurion/export.hpp"

namespace spurion {

/// What an `Environment` may offer besides: how far the best predictor leans on the cue itself, so
/// that only what a model does beyond that counts as its bias. Where it is offered a run reports
/// "shortcut_bias" = flip rate - `optimal_flip_rate`, in each train domain and their mean.
class SPURION_API OptimalReliance {
 public:
  virtual ~OptimalReliance() = default;
  /// The flip rate, on rows of `domain`, of the predictor that is best on the train domains pooled.
  [[nodiscard]] virtual double optimal_flip_rate(const Domain& domain) const = 0;
};

}  // namespace spurion
