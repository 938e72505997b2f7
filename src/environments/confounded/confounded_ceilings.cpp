#include "environments/confounded/confounded_ceilings.hpp"

#include <algorithm>
#include <cmath>

#include "environments/shared/ceilings/tie_rules.hpp"
#include "environments/shared/numerics/normal.hpp"
#include "environments/shared/numerics/quadrature.hpp"

namespace spurion::environments {

using environments::integrate;
using environments::kNormalTail;
using environments::kPi;
using environments::normal_cdf;
using environments::normal_density;

namespace {

/// An answer: the sign of this.
struct LinearRule {
  double u = 0.0;
  double t = 0.0;
};

/// Variance of what the label is the sign of.
double total_variance(const ConfoundedLaw& law) {
  return law.causal * law.causal + law.hidden * law.hidden + 1.0;
}

/// Standard deviation of it given u and t.
double deviation_given_both(const ConfoundedLaw& law) {
  return std::sqrt(1.0 + law.hidden * law.hidden * (1.0 - law.correlation * law.correlation));
}

/// P(label = 1 | t) is Phi of this.
double lead_given_cue(const ConfoundedLaw& law, double t) {
  const double lead = law.hidden * law.correlation;
  return (law.causal * law.mean + lead * t) / std::sqrt(total_variance(law) - lead * lead);
}

Ceiling accuracy(const ConfoundedLaw& law, const LinearRule& rule) {
  const double variance = rule.u * rule.u + rule.t * rule.t;
  const double covariance = rule.u * law.causal + rule.t * law.hidden * law.correlation;
  if (variance == 0.0) return {0.5, Exactness::closed_form, 0.0};
  const double scale = std::sqrt(variance);
  if (law.mean == 0.0) {
    const double correlation = covariance / (scale * std::sqrt(total_variance(law)));
    return {0.5 + std::asin(std::clamp(correlation, -1.0, 1.0)) / kPi, Exactness::closed_form, 0.0};
  }
  // The rule's value is centre + scale w, w ~ N(0, 1); given w the other is normal too.
  const double centre = rule.u * law.mean;
  const double slope = covariance / scale;
  const double rest = std::sqrt(total_variance(law) - slope * slope);
  // It jumps where the rule turns, and climbs where the other is 0.
  std::vector<double> breaks = {-centre / scale};
  if (slope != 0.0) {
    const std::vector<double> steep = environments::steep_at({-law.causal * law.mean / slope});
    breaks.insert(breaks.end(), steep.begin(), steep.end());
    std::sort(breaks.begin(), breaks.end());
  }
  const auto result = integrate(
      [&](double w) {
        const double side = centre + scale * w > 0.0 ? 1.0 : -1.0;
        return normal_density(w) * normal_cdf(side * (law.causal * law.mean + slope * w) / rest);
      },
      -kNormalTail, kNormalTail, breaks);
  return {result.value, Exactness::quadrature, result.error_bound};
}

Ceiling cue_only(const ConfoundedLaw& here, const std::vector<ConfoundedLaw>& train) {
  const auto in_training = environments::sign_pieces(
      [&](double t) {
        std::vector<double> leads;
        for (const ConfoundedLaw& law : train) leads.push_back(lead_given_cue(law, t));
        return environments::sign_of_normal_leads(leads);
      },
      -kNormalTail, kNormalTail);
  // Phi climbs where its argument is 0, as steeply as the effects have it.
  std::vector<double> breaks = in_training.changes;
  const double offset = lead_given_cue(here, 0.0);
  const double slope = lead_given_cue(here, 1.0) - offset;
  if (slope != 0.0) {
    const std::vector<double> steep = environments::steep_at({-offset / slope});
    breaks.insert(breaks.end(), steep.begin(), steep.end());
    std::sort(breaks.begin(), breaks.end());
  }
  const auto result = integrate(
      [&](double t) {
        return normal_density(t) * normal_cdf(in_training.sign_at(t) * lead_given_cue(here, t));
      },
      -kNormalTail, kNormalTail, breaks);
  return {result.value, Exactness::quadrature, result.error_bound};
}

}  // namespace

Ceilings confounded_ceilings(const ConfoundedLaw& here, const std::vector<ConfoundedLaw>& train) {
  Ceilings out;
  out.bayes = accuracy(here, {here.causal, here.hidden * here.correlation});
  out.invariant = accuracy(here, {1.0, 0.0});
  out.spurious_only = cue_only(here, train);
  const double positive = normal_cdf(here.causal * here.mean / std::sqrt(total_variance(here)));
  out.chance = std::max(positive, 1.0 - positive);
  const bool one_cue = std::all_of(train.begin(), train.end(), [&](const ConfoundedLaw& law) {
    return law.correlation == train.front().correlation;
  });
  const bool centred = std::all_of(train.begin(), train.end(),
                                   [](const ConfoundedLaw& law) { return law.mean == 0.0; });
  if (one_cue || (centred && train.size() == 2)) {
    LinearRule pooled;
    for (const ConfoundedLaw& law : train) {
      const double scale = deviation_given_both(law);
      pooled.u += law.causal / scale;
      pooled.t += law.hidden * law.correlation / scale;
    }
    out.population_erm = accuracy(here, pooled);
  }
  return out;
}

}  // namespace spurion::environments
