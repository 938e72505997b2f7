#include "environments/shared/ceilings/real_cue_ceilings.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "environments/shared/numerics/normal.hpp"

namespace spurion::environments {

using environments::integrate;
using environments::normal_cdf;

namespace {

/// log P(y, t).
double log_joint(const RealCueLaw& law, double t, int y) {
  return std::log(y > 0 ? law.prior : 1.0 - law.prior) + law.log_density(t, y);
}

}  // namespace

double RealCueCeilings::pooled_log_odds(double t) const {
  double positive = -std::numeric_limits<double>::infinity();
  double negative = positive;
  for (const RealCueLaw& law : train_) {
    positive = environments::log_sum(positive, log_joint(law, t, 1));
    negative = environments::log_sum(negative, log_joint(law, t, -1));
  }
  return positive - negative;
}

void RealCueCeilings::learn() const {
  pieces_ = environments::sign_pieces(side_, -reach_, reach_);
  breaks_ = environments::steep_at(pieces_.changes);
  const auto note = [&](double t) {
    train_log_odds_.push_back(pooled_log_odds(t));
    return 0.0;
  };
  static_cast<void>(integrate(note, -reach_, reach_, breaks_));
}

double RealCueCeilings::right(const RealCueLaw& here, double t, double log_odds) const {
  const double lead = log_odds / (2.0 * distance_);
  return std::exp(log_joint(here, t, 1)) * normal_cdf(distance_ + lead) +
         std::exp(log_joint(here, t, -1)) * normal_cdf(distance_ - lead);
}

Ceilings RealCueCeilings::of(const RealCueLaw& here) const {
  std::call_once(learned_, [this] { learn(); });
  const auto own_log_odds = [&](double t) {
    return log_joint(here, t, 1) - log_joint(here, t, -1);
  };
  const auto own_changes = environments::sign_pieces(own_log_odds, -reach_, reach_).changes;
  const auto own = integrate([&](double t) { return right(here, t, own_log_odds(t)); }, -reach_,
                             reach_, environments::steep_at(own_changes));
  // `integrate` asks for the same nodes in the same order each time.
  std::size_t next = 0;
  const auto pooled = integrate([&](double t) { return right(here, t, train_log_odds_[next++]); },
                                -reach_, reach_, breaks_);
  const auto cue_only = integrate(
      [&](double t) {
        const double share = 0.5 * (1.0 + pieces_.sign_at(t));
        double sum = 0.0;
        if (share > 0.0) sum += share * std::exp(log_joint(here, t, 1));
        if (share < 1.0) sum += (1.0 - share) * std::exp(log_joint(here, t, -1));
        return sum;
      },
      -reach_, reach_, pieces_.changes);
  Ceilings out;
  out.bayes = {own.value, Exactness::quadrature, own.error_bound};
  out.invariant = {normal_cdf(distance_), Exactness::closed_form, 0.0};
  out.spurious_only = {cue_only.value, Exactness::quadrature, cue_only.error_bound};
  out.population_erm = Ceiling{pooled.value, Exactness::quadrature, pooled.error_bound};
  out.chance = std::max(here.prior, 1.0 - here.prior);
  return out;
}

}  // namespace spurion::environments
