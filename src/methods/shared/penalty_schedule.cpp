#include "methods/shared/penalty_schedule.hpp"

#include <ATen/ATen.h>

namespace spurion::methods {

Tensor PenaltySchedule::at(std::int64_t step) const {
  return at::where(anneal_steps.gt(step), at::full_like(weight, initial), weight);
}

Tensor PenaltySchedule::combine(const Tensor& loss, const Tensor& penalty,
                                std::int64_t step) const {
  const Tensor now = at(step);
  const Tensor total = loss + now * penalty;
  return rescale ? total / now.clamp_min(1.0) : total;
}

}  // namespace spurion::methods
