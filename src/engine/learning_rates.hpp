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

/// What the update of a parameter divides its gradient by; the rules of the width depend on it.
enum class UpdateRule {
  sgd,  ///< nothing
  adam  ///< its size
};

/// Neighbouring parameters of one replica that have the same factors.
struct LrSegment {
  std::int64_t offset = 0;
  std::int64_t count = 0;
  double multiplier = 1.0;  ///< of the learning rate
  double decay = 1.0;       ///< of the rate at which weight decay shrinks them
  double epsilon = 1.0;     ///< of Adam's epsilon

  /// The factor of the L2 term, with which it shrinks them at the rate of the decoupled decay.
  [[nodiscard]] double l2() const { return multiplier == decay ? 1.0 : decay / multiplier; }
};

/// All parameters, in order and in as few segments as there can be. Throws `UsageError` for an
/// entry that names no block.
SPURION_API std::vector<LrSegment> lr_segments(const LrMultipliers& multipliers,
                                               const ParameterLayout& layout,
                                               UpdateRule rule = UpdateRule::sgd);

}  // namespace spurion::engine
