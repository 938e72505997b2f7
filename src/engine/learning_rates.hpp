#pragma once

#include <cstdint>
#include <vector>

#include "spurion/optimizer.hpp"

namespace spurion::engine {

/// How the learning rate of one replica changes over its updates; formulas: `OptimizerOptions`.
class SPURION_API LrSchedule {
 public:
  /// That of replica k.
  LrSchedule(const OptimizerOptions& options, std::int64_t replica);

  /// Whether the factor is 1 at all times, so that the number of updates does not matter.
  [[nodiscard]] bool is_constant() const { return shape_ == Shape::constant && warmup_ == 0.0; }
  /// The factor of update `at` (from 0) of a schedule of `updates` updates.
  [[nodiscard]] double multiplier(std::int64_t at, std::int64_t updates) const;

 private:
  enum class Shape { constant, linear, cosine, cooldown };

  Shape shape_;
  double warmup_;
  double cooldown_;
  double final_;
};

/// Neighbouring parameters of one replica that have the same factor of the learning rate.
struct LrSegment {
  std::int64_t offset = 0;
  std::int64_t count = 0;
  double multiplier = 1.0;
};

/// All parameters, in order and in as few segments as there can be. Throws `UsageError` for an
/// entry that names no block.
SPURION_API std::vector<LrSegment> lr_segments(const LrMultipliers& multipliers,
                                               const ParameterLayout& layout);

}  // namespace spurion::engine
