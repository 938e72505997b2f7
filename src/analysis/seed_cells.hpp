#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "spurion/analysis/statistics.hpp"

namespace spurion::analysis {

/// Numbers of trials by setting and seed. Several of one setting and seed, such as those of
/// hyper-parameter draws, count as their mean.
class SeedCells {
 public:
  /// NaN is not added: it stands for what has no meaning in a trial.
  void add(const std::string& setting, std::int64_t seed, double value);

  [[nodiscard]] bool empty() const { return cells_.empty(); }
  /// Of trials.
  [[nodiscard]] std::vector<double> values() const;
  [[nodiscard]] std::vector<BySeed> settings() const;
  /// Means over settings, one a seed, which are what a permutation test may treat as independent.
  [[nodiscard]] std::vector<double> seed_means() const;
  /// `mean_over_seeds`; the count is of trials.
  [[nodiscard]] Estimate estimate(const std::string& key, const Range& range = {}) const;
  /// These minus others, where both have the setting and the seed.
  [[nodiscard]] SeedCells minus(const SeedCells& others) const;

 private:
  std::map<std::string, std::map<std::int64_t, std::vector<double>>> cells_;
};

}  // namespace spurion::analysis
