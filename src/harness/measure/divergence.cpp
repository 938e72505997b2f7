#include "harness/measure/divergence.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/counted.hpp"
#include "engine/kernels.hpp"

namespace spurion::harness {

double constant_loss(const EnvironmentInfo& info, double mean_squared_target) {
  if (info.task == Task::regression) return mean_squared_target;
  return std::log(static_cast<double>(std::max<std::int64_t>(info.outputs, 2)));
}

std::string diverged_loss(const EndLosses& losses) {
  const double reference = std::max(losses.constant, losses.untrained);
  if (losses.trained <= kLossFactor * reference) return {};
  return fmt::format(
      "the final loss on the training domains is {:.3g}, more than {:.0f} times the loss of a "
      "constant ({:.3g}) and the loss before training ({:.3g})",
      losses.trained, kLossFactor, losses.constant, losses.untrained);
}

std::string diverged_parameters(const float* parameters, std::int64_t count) {
  const double size = engine::norm(parameters, count) /
                      std::sqrt(static_cast<double>(std::max<std::int64_t>(count, 1)));
  if (size <= kLargestParameters) return {};
  return fmt::format("the final parameters have a root mean square of {:.3g}, above {:.0e}", size,
                     kLargestParameters);
}

std::string diverged_logits(const Domain& domain, std::int64_t step) {
  return fmt::format("the logits on domain '{}' were not finite after {}", domain.name,
                     core::counted(step, "update"));
}

}  // namespace spurion::harness
