#pragma once

#include <cstdint>
#include <vector>

#include "spurion/export.hpp"
#include "spurion/tensor.hpp"

namespace spurion::harness {

/// How K replicas, each in B episodes, go on after their last two actions: how often they repeat an
/// action, and how well the next one could be told from the last two.
class SPURION_API ActionHabits {
 public:
  ActionHabits(std::int64_t replicas, std::int64_t actions);

  /// One step. `actions` int64 [K, B]; `going` bool [K, B]: the episodes that are not over.
  /// `steps` int64 [K, B]: actions taken before in the episode.
  void add(const Tensor& actions, const Tensor& going, const Tensor& steps);
  /// [K] float64: share of the actions that are the same as the one before; not a number if there
  /// were none.
  [[nodiscard]] Tensor repeat_rate() const;
  /// [K] float64: share of the actions that the best rule from the last two actions does not tell.
  /// The rule is fitted to the same actions.
  [[nodiscard]] Tensor copycat_error() const;

 private:
  std::int64_t replicas_;
  std::int64_t actions_;
  Tensor last_;                       // int64 [K, B]: the action before, -1: none
  Tensor before_last_;                // int64 [K, B]: the one before that
  std::vector<std::int64_t> counts_;  // [K, A + 1, A, A]: (before last or none, last, next)
};

}  // namespace spurion::harness
