#include "acting/advantages.hpp"

#include <ATen/ATen.h>

#include "spurion/error.hpp"

namespace spurion::acting {

Advantages generalised_advantages(const Trajectory& trajectory, double discount, double lambda) {
  const std::int64_t steps = trajectory.rewards.size(1);
  SPURION_CHECK(trajectory.values.size(1) == steps + 1, "a value for each state, and for the last");
  const Tensor on = trajectory.done.logical_not().to(at::kFloat);
  Advantages out;
  out.advantage = at::empty_like(trajectory.rewards);
  Tensor next = at::zeros_like(trajectory.rewards.select(1, 0));
  for (std::int64_t t = steps - 1; t >= 0; --t) {
    const Tensor going = on.select(1, t);
    const Tensor error = trajectory.rewards.select(1, t) +
                         discount * going * trajectory.values.select(1, t + 1) -
                         trajectory.values.select(1, t);
    next = error + discount * lambda * going * next;
    out.advantage.select(1, t).copy_(next);
  }
  out.returns = out.advantage + trajectory.values.narrow(1, 0, steps);
  return out;
}

}  // namespace spurion::acting
