#include "environments/availability/gaussian_pair.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "environments/shared/numerics/normal.hpp"
#include "spurion/error.hpp"

namespace spurion::environments {

GaussianPair::GaussianPair(double core, std::vector<double> train)
    : core_(core),
      train_(std::move(train)),
      one_domain_(std::all_of(train_.begin(), train_.end(),
                              [this](double s) { return s == train_.front(); })) {
  SPURION_CHECK(core > 0.0 && !train_.empty(), "a pair needs a core and a train domain");
  const auto [least, most] = std::minmax_element(train_.begin(), train_.end());
  SPURION_CHECK(*least >= 0.0 || *most <= 0.0, "train domains disagree about the shortcut");
}

double GaussianPair::lean(double shortcut) const {
  if (one_domain_) return 2.0 * train_.front() * shortcut;
  const auto log_density = [this](double z) {
    std::vector<double> terms;
    for (const double s : train_) terms.push_back(s * z - 0.5 * s * s);
    return log_sum(terms);
  };
  return log_density(shortcut) - log_density(-shortcut);
}

template <class Function>
Ceiling GaussianPair::expected(double mean, Function f) const {
  // The trapezoidal rule: the tails beyond 9 hold less than 1e-18.
  constexpr int kSteps = 4000;
  constexpr double kReach = 9.0;
  double fine = 0.0;
  double coarse = 0.0;
  for (int i = -kSteps; i <= kSteps; ++i) {
    const double z = kReach * i / kSteps;
    const double value = std::exp(-0.5 * z * z) * f(mean + z);
    fine += value;
    if (i % 2 == 0) coarse += value;
  }
  constexpr double kRootTwoPi = 2.50662827463100050242;
  const double step = kReach / kSteps / kRootTwoPi;
  return {fine * step, Exactness::quadrature, std::abs(fine - 2.0 * coarse) * step + 1e-12};
}

Ceilings GaussianPair::ceilings(double shortcut) const {
  const double in_training = *std::max_element(
      train_.begin(), train_.end(), [](double a, double b) { return std::abs(a) < std::abs(b); });
  Ceilings out;
  out.bayes = {normal_cdf(std::hypot(core_, shortcut)), Exactness::closed_form, 0.0};
  out.invariant = {normal_cdf(core_), Exactness::closed_form, 0.0};
  // The pooled log-odds of the shortcut have its sign, or the opposite one.
  const double side = in_training > 0.0 ? 1.0 : in_training < 0.0 ? -1.0 : 0.0;
  out.spurious_only = {side == 0.0 ? 0.5 : normal_cdf(side * shortcut), Exactness::closed_form,
                       0.0};
  out.chance = 0.5;
  out.population_erm = one_domain_ ? Ceiling{normal_cdf((core_ * core_ + in_training * shortcut) /
                                                        std::hypot(core_, in_training)),
                                             Exactness::closed_form, 0.0}
                                   : expected(shortcut, [this](double z) {
                                       return normal_cdf(core_ + lean(z) / (2.0 * core_));
                                     });
  return out;
}

Ceiling GaussianPair::optimal_flip_rate(double shortcut) const {
  // The answer turns with the shortcut where that outweighs the core.
  return expected(shortcut, [this](double z) {
    const double reach = std::abs(lean(z)) / (2.0 * core_);
    return normal_cdf(reach - core_) - normal_cdf(-reach - core_);
  });
}

}  // namespace spurion::environments
