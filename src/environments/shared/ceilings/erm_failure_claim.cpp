#include "environments/shared/ceilings/erm_failure_claim.hpp"

namespace spurion::environments {

std::optional<bool> claim_to_mislead(const Ceilings& test) {
  constexpr double kClear = 0.05;
  if (!test.population_erm) return std::nullopt;
  const double unsure = test.invariant.error_bound + test.spurious_only.error_bound +
                        test.population_erm->error_bound;
  const double lost = test.invariant.value - test.population_erm->value - unsure;
  const double cost = test.invariant.value - test.spurious_only.value;
  if (lost > kClear && lost > 0.5 * cost) return true;
  return std::nullopt;
}

}  // namespace spurion::environments
