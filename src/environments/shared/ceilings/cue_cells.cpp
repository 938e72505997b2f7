#include "environments/shared/ceilings/cue_cells.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "environments/shared/ceilings/tie_rules.hpp"
#include "environments/shared/numerics/normal.hpp"

namespace spurion::environments {

using environments::first_is_better;
using environments::normal_cdf;

bool CueCells::absent(double shift) const { return options_.absent_when_neutral && shift == 0.5; }

std::vector<CueCells::Cell> CueCells::cells(const std::vector<double>& shifts) const {
  std::vector<Cell> all = {{}};
  for (const double shift : shifts) {
    std::vector<Cell> longer;
    for (const Cell& cell : all) {
      for (const int state : absent(shift) ? std::vector<int>{0} : std::vector<int>{-1, 1}) {
        longer.push_back(cell);
        longer.back().push_back(state);
      }
    }
    all = std::move(longer);
  }
  return all;
}

double CueCells::probability(const Cell& cell, int y, const std::vector<double>& shifts) const {
  double product = 1.0;
  for (std::size_t c = 0; c < cell.size(); ++c) {
    if (absent(shifts[c]) != (cell[c] == 0)) return 0.0;
    if (cell[c] != 0) product *= cell[c] == y ? 1.0 - shifts[c] : shifts[c];
  }
  return product;
}

CueCells::Odds CueCells::odds(const Cell& cell,
                              const std::vector<std::vector<double>>& domains) const {
  Odds sum{0.0, 0.0};
  for (const auto& shifts : domains) {
    sum.positive += 2.0 * prior(1) * probability(cell, 1, shifts);
    sum.negative += 2.0 * prior(-1) * probability(cell, -1, shifts);
  }
  return sum;
}

double CueCells::right(int y, const Odds& odds) const {
  const double noise = options_.label_noise;
  // How often the answer is +1 where the object is surely +1, and surely -1.
  const double if_high = first_is_better((1.0 - noise) * odds.positive, noise * odds.negative);
  const double if_low = first_is_better(noise * odds.positive, (1.0 - noise) * odds.negative);
  if (options_.distance >= kReadExactly || (if_high == 0.5 && if_low == 0.5)) {
    const double agreeing = y > 0 ? if_high : 1.0 - if_low;
    const double differing = y > 0 ? if_low : 1.0 - if_high;
    return (1.0 - noise) * agreeing + noise * differing;
  }
  // The log-odds of the reading rise with it, so the answer is +1 above the point where they
  // balance those of the cues. They never reach those of the object itself: a tie there is none
  // here.
  double threshold = 0.0;
  if (if_low >= 0.5) {
    threshold = -std::numeric_limits<double>::infinity();
  } else if (if_high <= 0.5) {
    threshold = std::numeric_limits<double>::infinity();
  } else {
    const double top = (1.0 - noise) * odds.negative - noise * odds.positive;
    const double bottom = (1.0 - noise) * odds.positive - noise * odds.negative;
    threshold = std::log(top / bottom) / (2.0 * options_.distance);
  }
  const double side = static_cast<double>(y);
  return (1.0 - noise) * normal_cdf(options_.distance - side * threshold) +
         noise * normal_cdf(-options_.distance - side * threshold);
}

bool CueCells::shown(const Odds& here, const Odds& train_odds) const {
  if (options_.distance < kReadExactly) return here.never() || !train_odds.never();
  const double noise = options_.label_noise;
  const auto occurs = [noise](const Odds& odds, bool high) {
    return (high ? 1.0 - noise : noise) * odds.positive +
               (high ? noise : 1.0 - noise) * odds.negative >
           0.0;
  };
  return (!occurs(here, true) || occurs(train_odds, true)) &&
         (!occurs(here, false) || occurs(train_odds, false));
}

Ceilings CueCells::ceilings(const std::vector<double>& shifts,
                            const std::vector<std::vector<double>>& train) const {
  double bayes = 0.0;
  double erm = 0.0;
  double cues_only = 0.0;
  bool erm_known = true;
  for (const Cell& cell : cells(shifts)) {
    const Odds here = odds(cell, {shifts});
    if (here.never()) continue;
    Odds train_odds = odds(cell, train);
    erm_known = erm_known && shown(here, train_odds);
    if (train_odds.never()) train_odds = class_odds();
    const double follow = first_is_better(train_odds.positive, train_odds.negative);
    for (const int y : {-1, 1}) {
      const double weight = prior(y) * probability(cell, y, shifts);
      bayes += weight * right(y, here);
      erm += weight * right(y, train_odds);
      cues_only += weight * (y > 0 ? follow : 1.0 - follow);
    }
  }
  Ceilings out;
  out.bayes = {bayes, Exactness::closed_form, 0.0};
  // Of even classes one side is as good as the other.
  const double even = right(1, class_odds());
  const double invariant =
      options_.class_share == 0.5 ? even : prior(1) * even + prior(-1) * right(-1, class_odds());
  out.invariant = {invariant, Exactness::closed_form, 0.0};
  out.spurious_only = {cues_only, Exactness::enumerated, 0.0};
  out.chance = std::max(prior(1), prior(-1));
  if (erm_known) out.population_erm = Ceiling{erm, Exactness::closed_form, 0.0};
  return out;
}

}  // namespace spurion::environments
