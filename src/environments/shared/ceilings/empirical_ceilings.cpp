#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <utility>

#include "environments/shared/empirical_world.hpp"

namespace spurion::environments {

namespace {

/// Class weights in each cell of the columns that a predictor reads.
using Cells = std::map<std::pair<double, double>, std::vector<double>>;

std::size_t best_class(const std::vector<double>& weights) {
  return static_cast<std::size_t>(std::max_element(weights.begin(), weights.end()) -
                                  weights.begin());
}

/// Score of the best guess in each cell.
double best_score(const Cells& cells) {
  double sum = 0.0;
  for (const auto& [cell, weights] : cells)
    sum += *std::max_element(weights.begin(), weights.end());
  return std::min(sum, 1.0);
}

}  // namespace

Ceilings EmpiricalWorld::regression_ceilings(const Domain& domain) const {
  const std::vector<double> weight = weights(domain);
  using Cell = std::pair<double, double>;
  const auto cell_of = [&](std::size_t row, bool causal, bool cue) {
    return Cell{causal ? rows_.causal[row] : 0.0, cue ? rows_.spurious[row] : 0.0};
  };
  // The mean target in each cell of the columns that a predictor reads.
  const auto means_of = [&](const std::vector<double>& row_weight, bool causal, bool cue) {
    std::map<Cell, std::pair<double, double>> sums;
    for (std::size_t row = 0; row < row_weight.size(); ++row) {
      auto& [total, sum] = sums[cell_of(row, causal, cue)];
      total += row_weight[row];
      sum += row_weight[row] * rows_.target[row];
    }
    std::map<Cell, double> means;
    for (const auto& [cell, sum] : sums) {
      if (sum.first > 0.0) means[cell] = sum.second / sum.first;
    }
    return means;
  };
  double squares = 0.0;
  for (const double one : weight) squares += one * one;
  // The error of guessing these means, `fallback` where there is none.
  const auto ceiling = [&](const std::map<Cell, double>& means, double fallback, bool causal,
                           bool cue) {
    double first = 0.0;
    double second = 0.0;
    for (std::size_t row = 0; row < weight.size(); ++row) {
      const auto found = means.find(cell_of(row, causal, cue));
      const double off = rows_.target[row] - (found == means.end() ? fallback : found->second);
      first += weight[row] * off * off;
      second += weight[row] * off * off * off * off;
    }
    // Half of a 95 % interval of a mean of as many rows as the weights are worth.
    constexpr double kTwoSided = 1.96;
    return Ceiling{first, Exactness::empirical,
                   kTwoSided * std::sqrt(std::max(second - first * first, 0.0) * squares)};
  };
  const Ceiling undefined{std::numeric_limits<double>::quiet_NaN(), Exactness::empirical, 0.0};
  const bool causal = !rows_.causal_levels.empty();
  const bool cue = !rows_.cue_levels.empty();
  Ceilings out;
  out.chance = ceiling(means_of(weight, false, false), 0.0, false, false).value;
  out.bayes = causal && cue ? ceiling(means_of(weight, true, true), 0.0, true, true) : undefined;
  out.invariant = causal ? ceiling(means_of(weight, true, false), 0.0, true, false) : undefined;
  out.spurious_only = undefined;
  if (cue) {
    const std::vector<double> train = train_weights();
    const double fallback = means_of(train, false, false).begin()->second;
    out.spurious_only = ceiling(means_of(train, false, true), fallback, false, true);
  }
  return out;
}

Ceilings EmpiricalWorld::ceilings(const Domain& domain) const {
  if (regression()) return regression_ceilings(domain);
  const std::vector<double> weight = weights(domain);
  const auto cells_of = [&](const std::vector<double>& row_weight, bool causal, bool cue) {
    Cells cells;
    for (std::size_t row = 0; row < row_weight.size(); ++row) {
      if (row_weight[row] == 0.0) continue;
      auto& classes = cells[{causal ? rows_.causal[row] : 0.0, cue ? rows_.spurious[row] : 0.0}];
      classes.resize(static_cast<std::size_t>(rows_.classes), 0.0);
      classes[static_cast<std::size_t>(rows_.label[row])] += row_weight[row];
    }
    return cells;
  };
  double squares = 0.0;
  for (const double one : weight) squares += one * one;
  const auto ceiling = [&](double value) {
    // Half of a 95 % interval of a frequency in as many rows as the weights are worth.
    constexpr double kTwoSided = 1.96;
    return Ceiling{value, Exactness::empirical,
                   kTwoSided * std::sqrt(std::max(value * (1.0 - value), 0.0) * squares)};
  };
  const Ceiling undefined{std::numeric_limits<double>::quiet_NaN(), Exactness::empirical, 0.0};
  const bool causal = !rows_.causal_levels.empty();
  const bool cue = !rows_.cue_levels.empty();

  Ceilings out;
  out.chance = best_score(cells_of(weight, false, false));
  out.bayes = causal && cue ? ceiling(best_score(cells_of(weight, true, true))) : undefined;
  out.invariant = causal ? ceiling(best_score(cells_of(weight, true, false))) : undefined;
  out.spurious_only = undefined;
  if (cue) {
    const std::vector<double> train = train_weights();
    const Cells in_training = cells_of(train, false, true);
    const std::size_t fallback = best_class(cells_of(train, false, false).begin()->second);
    double right = 0.0;
    for (const auto& [cell, classes] : cells_of(weight, false, true)) {
      const auto found = in_training.find(cell);
      right += classes[found == in_training.end() ? fallback : best_class(found->second)];
    }
    out.spurious_only = ceiling(std::min(right, 1.0));
  }
  return out;
}

}  // namespace spurion::environments
