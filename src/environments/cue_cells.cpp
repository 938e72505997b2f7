#include "environments/cue_cells.hpp"

#include <cmath>
#include <limits>

#include "environments/linear_algebra.hpp"

namespace spurion {

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

std::optional<double> CueCells::log_odds(const Cell& cell,
                                         const std::vector<std::vector<double>>& domains) const {
  double positive = 0.0;
  double negative = 0.0;
  for (const auto& shifts : domains) {
    positive += probability(cell, 1, shifts);
    negative += probability(cell, -1, shifts);
  }
  if (positive == 0.0 && negative == 0.0) return std::nullopt;
  return std::log(positive) - std::log(negative);
}

double CueCells::right(int y, double log_odds) const {
  // The log-odds of the core's reading rise with it, so the answer is +1 above the point where they
  // balance those of the cues.
  const double noise = options_.label_noise;
  const double odds = std::exp(-log_odds);  // that the core must reach
  const double top = (1.0 - noise) * odds - noise;
  const double bottom = (1.0 - noise) - noise * odds;
  double threshold = 0.0;
  if (std::isinf(odds)) {
    threshold = std::numeric_limits<double>::infinity();
  } else if (top <= 0.0) {
    threshold = -std::numeric_limits<double>::infinity();
  } else if (bottom <= 0.0) {
    threshold = std::numeric_limits<double>::infinity();
  } else {
    threshold = std::log(top / bottom) / (2.0 * options_.distance);
  }
  const double side = static_cast<double>(y);
  return (1.0 - noise) * normal_cdf(options_.distance - side * threshold) +
         noise * normal_cdf(-options_.distance - side * threshold);
}

Ceilings CueCells::ceilings(const std::vector<double>& shifts,
                            const std::vector<std::vector<double>>& train) const {
  double bayes = 0.0;
  double erm = 0.0;
  double cues_only = 0.0;
  bool erm_known = true;
  for (const Cell& cell : cells(shifts)) {
    const auto here = log_odds(cell, {shifts});
    if (!here) continue;
    const auto taught = log_odds(cell, train);
    erm_known = erm_known && taught.has_value();
    for (const int y : {-1, 1}) {
      const double weight = 0.5 * probability(cell, y, shifts);
      bayes += weight * right(y, *here);
      erm += weight * right(y, taught.value_or(0.0));
      const double side = taught.value_or(0.0) * static_cast<double>(y);
      cues_only += weight * (side > 0.0 ? 1.0 : side < 0.0 ? 0.0 : 0.5);
    }
  }
  Ceilings out;
  out.bayes = {bayes, Exactness::closed_form, 0.0};
  out.invariant = {right(1, 0.0), Exactness::closed_form, 0.0};
  out.spurious_only = {cues_only, Exactness::enumerated, 0.0};
  out.chance = 0.5;
  if (erm_known) out.population_erm = Ceiling{erm, Exactness::closed_form, 0.0};
  return out;
}

}  // namespace spurion
