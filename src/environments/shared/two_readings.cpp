#include "environments/shared/two_readings.hpp"

#include <cmath>

#include "environments/shared/ceilings/tie_rules.hpp"
#include "environments/shared/numerics/quadrature.hpp"

namespace spurion::environments {

namespace {

/// Whether an attribute that disagrees so often carries no information on the label.
bool is_uninformative(double disagreement) {
  return environments::first_is_better(1.0 - disagreement, disagreement) == 0.5;
}

}  // namespace

double TwoReadings::log_odds(double v, double shift) const {
  const double slope = 2.0 * cue_ * v;
  const double agrees = std::log1p(-shift);
  const double differs = std::log(shift);
  return log_sum(agrees + slope, differs) - log_sum(agrees, differs + slope);
}

Ceiling TwoReadings::in_group(bool agrees, double train_shift) const {
  if (is_uninformative(train_shift)) return invariant();
  // Given y = +1; the other label is its mirror image.
  const double centre = agrees ? cue_ : -cue_;
  const Integral average = normal_average([&](double z) {
    return normal_cdf(core_ + log_odds(centre + z, train_shift) / (2.0 * core_));
  });
  return {average.value, Exactness::quadrature, average.error_bound};
}

Ceiling TwoReadings::accuracy(double here, double train_shift) const {
  if (is_uninformative(train_shift)) return invariant();
  const Ceiling with = in_group(true, train_shift);
  const Ceiling against = in_group(false, train_shift);
  return {(1.0 - here) * with.value + here * against.value, Exactness::quadrature,
          (1.0 - here) * with.error_bound + here * against.error_bound};
}

Ceiling TwoReadings::invariant() const { return {normal_cdf(core_), Exactness::closed_form, 0.0}; }

Ceiling TwoReadings::cue_only(double here, double train_shift) const {
  if (is_uninformative(train_shift)) return {0.5, Exactness::closed_form, 0.0};
  const double follows = (1.0 - here) * normal_cdf(cue_) + here * normal_cdf(-cue_);
  return {train_shift < 0.5 ? follows : 1.0 - follows, Exactness::closed_form, 0.0};
}

}  // namespace spurion::environments
