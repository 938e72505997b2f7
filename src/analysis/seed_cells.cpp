#include "spurion/analysis/seed_cells.hpp"

#include <algorithm>
#include <cmath>
#include <optional>

#include "spurion/analysis/learning.hpp"
#include "spurion/analysis/results_view.hpp"
#include "spurion/analysis/streams.hpp"

namespace spurion::analysis {

void SeedCells::add(const std::string& setting, std::int64_t seed, double value,
                    const RowNoise& noise) {
  if (std::isnan(value)) return;
  // Numbers often come setting by setting and seed by seed, in their order.
  const bool latest = !cells_.empty() && cells_.rbegin()->first == setting;
  auto& seeds = latest ? cells_.rbegin()->second : cells_[setting];
  const bool newest = !seeds.empty() && seeds.rbegin()->first == seed;
  Cell& cell = newest ? seeds.rbegin()->second : seeds.try_emplace(seeds.end(), seed)->second;
  cell.values.push_back(value);
  cell.deviation += noise.deviation;
  cell.rows = std::max(cell.rows, noise.rows);
  cell.unit = noise.unit;
  cell.same_rows = cell.same_rows || noise.same_rows;
}

void SeedCells::add_number(const std::string& setting, const TrialResult& trial,
                           const std::string& domain, const std::string& metric) {
  const auto value = number(trial, domain, metric);
  if (!value) return;
  add(setting, trial.spec.seed, *value, row_noise(trial, domain, metric, *value));
}

void SeedCells::add_learning(const std::string& setting, const TrialResult& trial,
                             const std::string& metric) {
  const auto score = number(trial, "in_distribution", metric);
  if (!score) return;
  // A stream has a second phase; to read all of what may be one takes long.
  if (const auto stream = number(trial, "phase_1", metric) ? stream_numbers(trial) : std::nullopt) {
    add(setting, trial.spec.seed, stream->off_chance(stream->phases - 1),
        row_noise(trial, "phase_0", metric, *score));
    return;
  }
  add(setting, trial.spec.seed, learning_scale(trial, "in_distribution", metric).beyond(*score),
      row_noise(trial, "in_distribution", metric, *score));
}

std::vector<double> SeedCells::values() const {
  std::vector<double> all;
  for (const auto& [setting, seeds] : cells_) {
    for (const auto& [seed, cell] : seeds) {
      all.insert(all.end(), cell.values.begin(), cell.values.end());
    }
  }
  return all;
}

std::vector<BySeed> SeedCells::settings() const {
  std::vector<BySeed> all;
  for (const auto& [setting, seeds] : cells_) {
    all.emplace_back();
    for (const auto& [seed, cell] : seeds) all.back()[seed] = mean(cell.values);
  }
  return all;
}

std::vector<double> SeedCells::seed_means() const {
  std::map<std::int64_t, std::vector<double>> seeds;
  for (const BySeed& setting : settings()) {
    for (const auto& [seed, value] : setting) seeds[seed].push_back(value);
  }
  std::vector<double> means;
  for (const auto& [seed, values] : seeds) means.push_back(mean(values));
  return means;
}

double SeedCells::noise() const {
  std::map<std::int64_t, double> of_seed;
  double of_all = 0.0;
  for (const auto& [setting, seeds] : cells_) {
    const auto share = 1.0 / static_cast<double>(cells_.size() * seeds.size());
    for (const auto& [seed, cell] : seeds) {
      const double own = share * cell.deviation / static_cast<double>(cell.values.size());
      (cell.same_rows ? of_all : of_seed[seed]) += own;
    }
  }
  double variance = of_all * of_all;
  for (const auto& [seed, deviation] : of_seed) variance += deviation * deviation;
  return std::sqrt(variance);
}

Estimate SeedCells::estimate(const std::string& key, const Range& range) const {
  Estimate estimate = mean_over_seeds(settings(), key, noise());
  estimate.count = static_cast<std::int64_t>(values().size());
  return confined(estimate, range);
}

double SeedCells::student_p() const { return analysis::student_p(settings(), noise()); }

SeedCells SeedCells::minus(const SeedCells& others) const {
  SeedCells differences;
  for (const auto& [setting, seeds] : cells_) {
    const auto other = others.cells_.find(setting);
    if (other == others.cells_.end()) continue;
    for (const auto& [seed, cell] : seeds) {
      const auto match = other->second.find(seed);
      if (match == other->second.end()) continue;
      const double difference = mean(cell.values) - mean(match->second.values);
      RowNoise noise = paired_noise(difference / cell.unit, std::min(cell.rows, match->second.rows),
                                    cell.same_rows && match->second.same_rows);
      noise.deviation *= cell.unit;
      noise.unit = cell.unit;
      differences.add(setting, seed, difference, noise);
    }
  }
  return differences;
}

}  // namespace spurion::analysis
