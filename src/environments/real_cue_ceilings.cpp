#include "environments/real_cue_ceilings.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "environments/linear_algebra.hpp"
#include "environments/quadrature.hpp"

namespace spurion {

using environments::integrate;
using environments::normal_cdf;

namespace {

/// log P(y, t).
double log_joint(const RealCueLaw& law, double t, int y) {
  return std::log(y > 0 ? law.prior : 1.0 - law.prior) + law.log_density(t, y);
}

}  // namespace

void RealCueCeilings::learn() const {
  const auto taught = [&](double t) {
    double positive = -std::numeric_limits<double>::infinity();
    double negative = positive;
    for (const RealCueLaw& law : train_) {
      positive = environments::log_sum(positive, log_joint(law, t, 1));
      negative = environments::log_sum(negative, log_joint(law, t, -1));
    }
    return positive - negative;
  };
  const auto note = [&](double t) {
    taught_.push_back(taught(t));
    return 0.0;
  };
  static_cast<void>(integrate(note, -reach_, reach_));
  changes_ = environments::sign_changes(taught, -reach_, reach_);
  double from = -reach_;
  for (std::size_t piece = 0; piece <= changes_.size(); ++piece) {
    const double to = piece < changes_.size() ? changes_[piece] : reach_;
    const double side = taught(0.5 * (from + to));
    answers_.push_back(side > 0.0 ? 1.0 : side < 0.0 ? 0.0 : 0.5);
    from = to;
  }
}

double RealCueCeilings::answer(double t) const {
  const auto piece = std::upper_bound(changes_.begin(), changes_.end(), t) - changes_.begin();
  return answers_[static_cast<std::size_t>(piece)];
}

Ceilings RealCueCeilings::of(const RealCueLaw& here) const {
  std::call_once(learned_, [this] { learn(); });
  // `integrate` asks for the same nodes in the same order each time.
  std::vector<double> positive;
  std::vector<double> negative;
  positive.reserve(taught_.size());
  negative.reserve(taught_.size());
  // Right of the predictor that adds the log-odds to those of the core.
  const auto right = [&](std::size_t node, double log_odds) {
    const double lead = log_odds / (2.0 * distance_);
    return std::exp(positive[node]) * normal_cdf(distance_ + lead) +
           std::exp(negative[node]) * normal_cdf(distance_ - lead);
  };
  const auto own = integrate(
      [&](double t) {
        const std::size_t node = positive.size();
        positive.push_back(log_joint(here, t, 1));
        negative.push_back(log_joint(here, t, -1));
        return right(node, positive[node] - negative[node]);
      },
      -reach_, reach_);
  std::size_t next = 0;
  const auto pooled = integrate(
      [&](double /*t*/) {
        const std::size_t node = next++;
        return right(node, taught_[node]);
      },
      -reach_, reach_);
  const auto cue_only = integrate(
      [&](double t) {
        const double share = answer(t);
        double sum = 0.0;
        if (share > 0.0) sum += share * std::exp(log_joint(here, t, 1));
        if (share < 1.0) sum += (1.0 - share) * std::exp(log_joint(here, t, -1));
        return sum;
      },
      -reach_, reach_, changes_);
  Ceilings out;
  out.bayes = {own.value, Exactness::quadrature, own.error_bound};
  out.invariant = {normal_cdf(distance_), Exactness::closed_form, 0.0};
  out.spurious_only = {cue_only.value, Exactness::quadrature, cue_only.error_bound};
  out.population_erm = Ceiling{pooled.value, Exactness::quadrature, pooled.error_bound};
  out.chance = std::max(here.prior, 1.0 - here.prior);
  return out;
}

}  // namespace spurion
