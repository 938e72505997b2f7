#include "environments/real_cue_ceilings.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "environments/linear_algebra.hpp"
#include "environments/quadrature.hpp"

namespace spurion {

using environments::integrate;
using environments::normal_cdf;
using environments::RealFunction;

namespace {

/// log P(y, t).
double log_joint(const RealCueLaw& law, double t, int y) {
  return std::log(y > 0 ? law.prior : 1.0 - law.prior) + law.log_density(t, y);
}

}  // namespace

Ceilings real_cue_ceilings(double distance, const RealCueLaw& here,
                           const std::vector<RealCueLaw>& train, double reach) {
  const auto taught = [&](double t) {
    double positive = -std::numeric_limits<double>::infinity();
    double negative = positive;
    for (const RealCueLaw& law : train) {
      positive = environments::log_sum(positive, log_joint(law, t, 1));
      negative = environments::log_sum(negative, log_joint(law, t, -1));
    }
    return positive - negative;
  };
  const auto own = [&](double t) { return log_joint(here, t, 1) - log_joint(here, t, -1); };
  // Of the predictor that adds the log-odds to those of the core.
  const auto accuracy = [&](const RealFunction& log_odds) {
    const auto result = integrate(
        [&](double t) {
          const double lead = log_odds(t) / (2.0 * distance);
          return std::exp(log_joint(here, t, 1)) * normal_cdf(distance + lead) +
                 std::exp(log_joint(here, t, -1)) * normal_cdf(distance - lead);
        },
        -reach, reach);
    return Ceiling{result.value, Exactness::quadrature, result.error_bound};
  };
  const auto cue_only = integrate(
      [&](double t) {
        const double side = taught(t);
        const double share = side > 0.0 ? 1.0 : side < 0.0 ? 0.0 : 0.5;
        return share * std::exp(log_joint(here, t, 1)) +
               (1.0 - share) * std::exp(log_joint(here, t, -1));
      },
      -reach, reach, environments::sign_changes(taught, -reach, reach));
  Ceilings out;
  out.bayes = accuracy(own);
  out.invariant = {normal_cdf(distance), Exactness::closed_form, 0.0};
  out.spurious_only = {cue_only.value, Exactness::quadrature, cue_only.error_bound};
  out.population_erm = accuracy(taught);
  out.chance = std::max(here.prior, 1.0 - here.prior);
  return out;
}

}  // namespace spurion
