#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "spurion/analysis/statistics.hpp"

namespace spurion::analysis {

/// Most seeds that a resampling or a flipping of signs treats one by one. More are dealt to so many
/// groups: seed number i, counted from 0, to group i modulo this.
constexpr std::size_t kMostResampled = 1000;

/// Values by configuration and seed, one a pair, in one piece of memory: reports take means over a
/// hundred thousand of them, many times.
class SeedTable {
 public:
  SeedTable() = default;
  /// Room for so many values.
  void reserve(std::size_t values) {
    values_.reserve(values);
    seeds_.reserve(values);
  }
  explicit SeedTable(const std::vector<BySeed>& configurations);

  /// The next value of the latest configuration. The seeds of a configuration come in ascending
  /// order.
  void add(std::int64_t seed, double value);
  /// What is added from now on is of the next configuration.
  void next_configuration();
  /// Numbers the seeds. To be called once all are added.
  void finish();

  /// Of the configurations that have values.
  [[nodiscard]] std::size_t configurations() const { return starts_.size() - 1; }
  [[nodiscard]] std::size_t size(std::size_t configuration) const {
    return starts_[configuration + 1] - starts_[configuration];
  }
  /// Places of the values of a configuration: from `begin` to before `begin` of the next.
  [[nodiscard]] std::size_t begin(std::size_t configuration) const {
    return starts_[configuration];
  }
  [[nodiscard]] double value(std::size_t place) const { return values_[place]; }
  /// The number of the seed of a place, among all seeds in ascending order.
  [[nodiscard]] std::size_t seed(std::size_t place) const { return numbers_[place]; }
  /// How many seeds there are.
  [[nodiscard]] std::size_t seeds() const { return all_seeds_.size(); }

  [[nodiscard]] double mean(std::size_t configuration) const;
  [[nodiscard]] double variance(std::size_t configuration) const;

 private:
  std::vector<std::size_t> starts_ = {0};
  std::vector<double> values_;
  std::vector<std::int64_t> seeds_;  ///< of the values
  std::vector<std::uint32_t> numbers_;
  std::vector<std::int64_t> all_seeds_;
};

/// How far the mean over seeds may be off, as the spread of the seeds tells: its standard error and
/// the degrees of freedom that this is known with. Both are 0 where no configuration has two seeds.
struct MeanError {
  double error = 0.0;
  double freedom = 0.0;
};
MeanError error_of_mean(const SeedTable& table);

/// What statistics.hpp has for maps.
/// `level`: how often the interval may fail to cover the mean.
Estimate mean_over_seeds(const SeedTable& table, const std::string& key, double noise,
                         double level = 0.05);
double student_p(const SeedTable& table, double noise);
Estimate bootstrap_over_seeds(const SeedTable& table, const std::string& key);
/// The smallest p-value that `sign_flip_p` gives for so many pairs.
double least_sign_flip_p(std::size_t pairs);

}  // namespace spurion::analysis
