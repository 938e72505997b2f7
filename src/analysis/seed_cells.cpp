#include "analysis/seed_cells.hpp"

#include <cmath>

namespace spurion::analysis {

void SeedCells::add(const std::string& setting, std::int64_t seed, double value) {
  if (!std::isnan(value)) cells_[setting][seed].push_back(value);
}

std::vector<double> SeedCells::values() const {
  std::vector<double> all;
  for (const auto& [setting, seeds] : cells_) {
    for (const auto& [seed, values] : seeds) all.insert(all.end(), values.begin(), values.end());
  }
  return all;
}

std::vector<BySeed> SeedCells::settings() const {
  std::vector<BySeed> all;
  for (const auto& [setting, seeds] : cells_) {
    all.emplace_back();
    for (const auto& [seed, values] : seeds) all.back()[seed] = mean(values);
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

Estimate SeedCells::estimate(const std::string& key, const Range& range) const {
  Estimate estimate = mean_over_seeds(settings(), key);
  estimate.count = static_cast<std::int64_t>(values().size());
  return confined(estimate, range);
}

SeedCells SeedCells::minus(const SeedCells& others) const {
  SeedCells differences;
  for (const auto& [setting, seeds] : cells_) {
    const auto other = others.cells_.find(setting);
    if (other == others.cells_.end()) continue;
    for (const auto& [seed, values] : seeds) {
      const auto match = other->second.find(seed);
      if (match == other->second.end()) continue;
      differences.add(setting, seed, mean(values) - mean(match->second));
    }
  }
  return differences;
}

}  // namespace spurion::analysis
