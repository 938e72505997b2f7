#include "environments/easy_to_hard/difficulty_ceilings.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "environments/shared/ceilings/tie_rules.hpp"
#include "environments/shared/numerics/normal.hpp"
#include "environments/shared/numerics/quadrature.hpp"

namespace spurion::environments {

using environments::integrate;
using environments::normal_cdf;

namespace {

/// Beyond this reading the threshold makes no difference that a double shows.
constexpr double kFarthest = 50.0;

/// Integral over the difficulties of easy (0) or hard (1) rows, density 2.
environments::Integral over_class(int hard, const environments::RealFunction& f) {
  const double low = 0.5 * hard;
  const auto half = integrate(f, low, low + 0.5);
  return {2.0 * half.value, 2.0 * half.error_bound};
}

struct Classes {
  double share[2];
  double disagreement[2];
};

Classes classes(const DifficultyLaw& law, double hard) {
  return {{1.0 - hard, hard}, {law.easy_disagreement, law.hard_disagreement}};
}

/// log of p(s, cue = +1 | y), up to what y does not change.
double log_likelihood(const DifficultyLaw& law, const Classes& of, double s, int y) {
  double sum = -std::numeric_limits<double>::infinity();
  for (int hard = 0; hard < 2; ++hard) {
    const double seen = y > 0 ? 1.0 - of.disagreement[hard] : of.disagreement[hard];
    const double weight = of.share[hard] * seen;
    if (weight == 0.0) continue;
    // The largest exponent is taken out of the integral, so that it neither overflows nor is lost.
    const auto exponent = [&](double d) {
      const double distance = distance_at(law, d);
      return distance * (y * s - 0.5 * distance);
    };
    const double top = std::max(exponent(0.5 * hard), exponent(0.5 * hard + 0.5));
    const auto inner = over_class(hard, [&](double d) { return std::exp(exponent(d) - top); });
    sum = environments::log_sum(sum, std::log(weight * inner.value) + top);
  }
  return sum;
}

/// Above which reading the answer is +1 where the cue is +1.
double threshold(const DifficultyLaw& law, double hard) {
  const Classes of = classes(law, hard);
  const auto lead = [&](double s) {
    return log_likelihood(law, of, s, 1) - log_likelihood(law, of, s, -1);
  };
  double low = -kFarthest;
  double high = kFarthest;
  if (lead(low) > 0.0) return low;
  if (lead(high) < 0.0) return high;
  for (int halving = 0; halving < 80; ++halving) {
    const double middle = 0.5 * (low + high);
    (lead(middle) > 0.0 ? high : low) = middle;
  }
  return 0.5 * (low + high);
}

/// P(right) of the predictor with this threshold.
Ceiling accuracy(const DifficultyLaw& law, double hard, double at) {
  const Classes of = classes(law, hard);
  Ceiling out{0.0, Exactness::quadrature, 0.0};
  for (int h = 0; h < 2; ++h) {
    const auto right = over_class(h, [&](double d) {
      const double distance = distance_at(law, d);
      return (1.0 - of.disagreement[h]) * normal_cdf(distance - at) +
             of.disagreement[h] * normal_cdf(distance + at);
    });
    out.value += of.share[h] * right.value;
    out.error_bound += of.share[h] * right.error_bound;
  }
  // The threshold is known to 1e-7 at the steepest options there are, and a density is below 1.
  out.error_bound += 1e-7;
  return out;
}

double disagreement(const DifficultyLaw& law, double hard) {
  return (1.0 - hard) * law.easy_disagreement + hard * law.hard_disagreement;
}

}  // namespace

double distance_at(const DifficultyLaw& law, double difficulty) {
  return (1.0 - difficulty) * law.easiest + difficulty * law.hardest;
}

Ceilings difficulty_ceilings(const DifficultyLaw& law, double hard,
                             const std::vector<double>& train) {
  double pooled = 0.0;
  for (const double share : train) pooled += share / static_cast<double>(train.size());
  const double in_training = disagreement(law, pooled);
  const double here = disagreement(law, hard);
  Ceilings out;
  out.bayes = accuracy(law, hard, threshold(law, hard));
  out.invariant = accuracy(law, hard, 0.0);
  const double follow = environments::first_is_better(1.0 - in_training, in_training);
  out.spurious_only = {follow * (1.0 - here) + (1.0 - follow) * here, Exactness::closed_form, 0.0};
  out.population_erm = accuracy(law, hard, threshold(law, pooled));
  out.chance = 0.5;
  return out;
}

}  // namespace spurion::environments
