#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "spurion/analysis/evaluation_noise.hpp"
#include "spurion/analysis/statistics.hpp"

namespace spurion::analysis {

class SeedTable;

/// Standard deviation of a mean over seeds from the evaluated rows alone, in two parts.
struct MeanNoise {
  double own = 0.0;     ///< of rows that each seed has of its own: falls with the number of seeds
  double shared = 0.0;  ///< of rows that all seeds share: stays
};

/// Numbers of trials by configuration and seed. Several of one configuration and seed, such as
/// those of hyper-parameter configurations, count as their mean.
class SPURION_API SeedCells {
 public:
  SeedCells() = default;
  SeedCells(const SeedCells& other);             ///< a copy of all values
  SeedCells(SeedCells&&) = default;              ///< takes all values
  SeedCells& operator=(const SeedCells& other);  ///< a copy of all values
  SeedCells& operator=(SeedCells&&) = default;   ///< takes all values

  /// Makes room for so many numbers.
  void reserve(std::size_t numbers) { numbers_.reserve(numbers); }
  /// NaN is not added: it stands for what has no meaning in a trial.
  void add(const std::string& configuration, std::int64_t seed, double value,
           const RowNoise& noise = {});
  /// A number of a trial with the noise of its rows; nothing where the trial lacks it.
  void add_number(const std::string& configuration, const TrialResult& trial,
                  const std::string& domain, const std::string& metric);
  /// By how much the score of a trial in distribution is better than half-way from chance to the
  /// invariant ceiling (learning.hpp); `metric` is "accuracy" or "loss". After a stream, on which
  /// a model may have left what it learned first, how far it is from chance in any phase
  /// (`StreamNumbers::off_chance`).
  void add_learning(const std::string& configuration, const TrialResult& trial,
                    const std::string& metric);

  /// Whether there is no value.
  [[nodiscard]] bool empty() const { return numbers_.empty(); }
  /// Of trials.
  [[nodiscard]] std::vector<double> values() const;
  /// The values of each configuration, by seed.
  [[nodiscard]] std::vector<BySeed> configurations() const;
  /// Means over configurations, one a seed, which are what a permutation test may treat as
  /// independent.
  [[nodiscard]] std::vector<double> seed_means() const;
  /// `mean_over_seeds`; the count is of trials.
  [[nodiscard]] Estimate estimate(const std::string& key, const Range& range = {}) const;
  /// The same with an interval that fails to cover the mean with probability `level`, in (0, 1). At
  /// another level than 0.05 it is Student's t for any number of seeds: a bootstrap resamples too
  /// seldom to know its far tails.
  [[nodiscard]] Estimate estimate_at(double level, const std::string& key,
                                     const Range& range = {}) const;
  /// `student_p` of the mean being 0.
  [[nodiscard]] double student_p() const;
  /// These minus others, where both have the configuration and the seed. Both were evaluated on the
  /// same rows, so the noise is that of a paired difference.
  [[nodiscard]] SeedCells minus(const SeedCells& others) const;
  /// Standard deviation of the mean from the rows alone. Seeds have rows of their own, unless these
  /// are all there are; the configurations of a seed share theirs.
  [[nodiscard]] double noise() const;
  /// Its two parts.
  [[nodiscard]] MeanNoise noise_parts() const;

 private:
  struct Number {
    std::uint32_t configuration;
    std::int64_t seed;
    double value;
    RowNoise noise;
  };
  struct Cell;
  /// By configuration, in the order of their names, and seed; those of one seed in the order they
  /// came.
  [[nodiscard]] std::vector<const Number*> ordered() const;
  /// The same, one a configuration and seed.
  [[nodiscard]] std::vector<Cell> cells() const;
  /// Places of the configurations' names in their order, by number.
  [[nodiscard]] std::vector<std::uint32_t> configuration_ranks() const;
  [[nodiscard]] bool is_ordered(const std::vector<std::uint32_t>& ranks) const;
  [[nodiscard]] static SeedTable table_of(const std::vector<Cell>& cells);
  [[nodiscard]] static MeanNoise noise(const std::vector<Cell>& cells, const SeedTable& table);

  std::vector<Number> numbers_;
  std::map<std::string, std::uint32_t> configurations_;
  std::vector<const std::string*> names_;  ///< of the configurations, by number
};

}  // namespace spurion::analysis
