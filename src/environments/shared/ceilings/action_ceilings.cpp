#include "environments/shared/ceilings/action_ceilings.hpp"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>

#include "environments/shared/ceilings/tie_rules.hpp"
#include "spurion/error.hpp"

namespace spurion::environments {

namespace {

double weight_of(const std::vector<double>& weights) {
  double sum = 0.0;
  for (const double weight : weights) sum += weight;
  return sum;
}

/// Standard errors within which two counts are not told apart.
constexpr double kApart = 3.0;

/// The mean weight, by `here`, of the actions that have the largest weight by `train`, and by how
/// much one of them may be from it. `row`: the weight of a counted row in `train`, 0: none was
/// counted.
CueActionTable::Counted weight_of_best(const std::vector<double>& here,
                                       const std::vector<double>& train, double row) {
  const double largest = *std::max_element(train.begin(), train.end());
  const double tie = kTie * weight_of(train);
  double sum = 0.0;
  double equals = 0.0;
  double least = weight_of(here);
  double most = 0.0;
  for (std::size_t a = 0; a < here.size(); ++a) {
    // The difference of two counts has at most the variance of their sum.
    const double noise = kApart * std::sqrt(row * (train[a] + largest));
    if (train[a] + std::max(tie, noise) < largest) continue;
    sum += here[a];
    equals += 1.0;
    least = std::min(least, here[a]);
    most = std::max(most, here[a]);
  }
  const double mean = sum / equals;
  return {mean, std::max(most - mean, mean - least)};
}

}  // namespace

void CueActionTable::add(const std::vector<float>& cue, std::int64_t action, double weight) {
  SPURION_CHECK(action >= 0 && action < actions_, "an action out of range");
  auto& cell = cells_[cue];
  cell.resize(static_cast<std::size_t>(actions_), 0.0);
  cell[static_cast<std::size_t>(action)] += weight;
}

void CueActionTable::add(const CueActionTable& other, double share) {
  SPURION_CHECK(other.actions_ == actions_, "tables of different actions");
  const double total = weight_of(other.all());
  SPURION_CHECK(total > 0.0, "a table without weights");
  for (const auto& [cue, weights] : other.cells_) {
    for (std::size_t a = 0; a < weights.size(); ++a) {
      add(cue, static_cast<std::int64_t>(a), weights[a] * share / total);
    }
  }
}

CueActionTable::Weights CueActionTable::all() const {
  Weights sums(static_cast<std::size_t>(actions_), 0.0);
  for (const auto& [cue, weights] : cells_) {
    for (std::size_t a = 0; a < sums.size(); ++a) sums[a] += weights[a];
  }
  return sums;
}

double CueActionTable::best_constant() const {
  const Weights sums = all();
  return *std::max_element(sums.begin(), sums.end()) / weight_of(sums);
}

double CueActionTable::accuracy_of(const CueActionTable& train) const {
  return counted_accuracy_of(train, 0.0).value;
}

CueActionTable::Counted CueActionTable::counted_accuracy_of(const CueActionTable& train,
                                                            double row) const {
  const Weights without_cue = train.all();
  Counted sum;
  for (const auto& [cue, weights] : cells_) {
    const auto known = train.cells_.find(cue);
    const bool shown = known != train.cells_.end() && weight_of(known->second) > 0.0;
    const Counted own = weight_of_best(weights, shown ? known->second : without_cue, row);
    sum.value += own.value;
    sum.tied += own.tied;
  }
  const double total = weight_of(all());
  return {sum.value / total, sum.tied / total};
}

const CueActionTable& SimulatedActionCeilings::table(const InteractiveEnvironment& world,
                                                     const Domain& domain) const {
  std::vector<double> shifts = domain.cue_shifts;
  shifts.push_back(domain.shift);
  std::pair place(domain.key, std::move(shifts));
  {
    const std::lock_guard lock(mutex_);
    const auto found = tables_.find(place);
    if (found != tables_.end()) return found->second;
  }
  // Rows far beyond those of experiments, so that they share no noise with them.
  constexpr std::int64_t kFirst = std::int64_t{1} << 28;
  const Sample rows = world.sample(domain, Split::test, {kFirst, rows_});
  SPURION_CHECK(rows.spurious.defined(), "these ceilings need the cue of each row");
  const Tensor cues = rows.spurious.to(at::kFloat).reshape({rows_, -1}).contiguous();
  const float* cue = cues.data_ptr<float>();
  const std::int64_t* action = rows.y.data_ptr<std::int64_t>();
  const std::int64_t numbers = cues.size(1);
  CueActionTable counts(world.info().outputs);
  for (std::int64_t i = 0; i < rows_; ++i) {
    counts.add({cue + i * numbers, cue + (i + 1) * numbers}, action[i], 1.0);
  }
  const std::lock_guard lock(mutex_);
  return tables_.emplace(std::move(place), std::move(counts)).first->second;
}

Ceilings SimulatedActionCeilings::of(const InteractiveEnvironment& world,
                                     const Domain& domain) const {
  CueActionTable train(world.info().outputs);
  for (const Domain& one : world.train_domains()) train.add(table(world, one), 1.0);
  const CueActionTable& here = table(world, domain);
  const auto rows = static_cast<double>(rows_);
  const auto [value, tied] = here.counted_accuracy_of(train, 1.0 / rows);
  const double spread = std::sqrt(std::max(0.0, value * (1.0 - value)) / rows);
  Ceilings out;
  out.bayes = {1.0, Exactness::closed_form, 0.0};
  out.invariant = {1.0, Exactness::closed_form, 0.0};
  out.spurious_only = {value, Exactness::empirical, 5.0 * spread + tied};
  out.chance = here.best_constant();
  return out;
}

}  // namespace spurion::environments
