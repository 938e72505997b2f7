#include "analysis/seed_table.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "analysis/normal_distribution.hpp"
#include "analysis/student_distribution.hpp"
#include "core/random_fill.hpp"
#include "spurion/random.hpp"

namespace spurion::analysis {

namespace {

constexpr int kResamples = 2000;
constexpr std::size_t kEnoughToResample = 30;
constexpr double kUsualLevel = 0.05;
constexpr double kNormalQuantile = 1.959964;  // of .975

/// Student's quantile of .975. Charts ask for that of the same few whole degrees of freedom at each
/// of their points.
double quantile_975(double freedom) {
  constexpr std::size_t kKnown = 128;
  static const std::array<double, kKnown + 1> known = [] {
    std::array<double, kKnown + 1> quantiles{};
    for (std::size_t i = 1; i <= kKnown; ++i) {
      quantiles[i] = student_quantile(0.975, static_cast<double>(i));
    }
    return quantiles;
  }();
  const bool whole =
      freedom >= 1.0 && freedom <= static_cast<double>(kKnown) && freedom == std::floor(freedom);
  return whole ? known[static_cast<std::size_t>(freedom)] : student_quantile(0.975, freedom);
}

/// Mean of the configurations' means, and how many values there are; the interval is the value
/// itself.
Estimate mean_alone(const SeedTable& table) {
  Estimate estimate;
  std::vector<double> means;
  means.reserve(table.configurations());
  for (std::size_t s = 0; s < table.configurations(); ++s) means.push_back(table.mean(s));
  estimate.count = static_cast<std::int64_t>(table.begin(table.configurations()));
  estimate.seeds = static_cast<std::int64_t>(table.seeds());
  estimate.value = estimate.low = estimate.high = mean(means);
  return estimate;
}

/// A variance and the degrees of freedom it is known with.
struct Variance {
  double value = 0.0;
  double freedom = 0.0;
};

/// Of the sum of the configurations' means.
Variance variance_of_sum(const SeedTable& table) {
  std::vector<double> variances(table.configurations());
  double pooled = 0.0;  // sum of squares within configurations
  double within = 0.0;  // and its degrees of freedom
  for (std::size_t s = 0; s < table.configurations(); ++s) {
    if (table.size(s) < 2) continue;
    const auto own = static_cast<double>(table.size(s) - 1);
    variances[s] = table.variance(s);
    pooled += own * variances[s];
    within += own;
  }
  std::vector<double> deviations(table.seeds());  // of each seed, over its configurations
  double alone = 0.0;                             // variance of the configurations of one value
  double separate = 0.0;                          // variance, were configurations independent
  double spread = 0.0;                            // of that one's own estimate
  for (std::size_t s = 0; s < table.configurations(); ++s) {
    const auto n = static_cast<double>(table.size(s));
    const bool lone = table.size(s) < 2;
    const double own = lone ? pooled / within : variances[s] / n;
    separate += own;
    spread += own * own / (lone ? within : n - 1.0);
    if (lone) {
      alone += own;
      continue;
    }
    const double centre = table.mean(s);
    for (std::size_t i = table.begin(s); i < table.begin(s + 1); ++i) {
      deviations[table.seed(i)] += (table.value(i) - centre) / n * std::sqrt(n / (n - 1.0));
    }
  }
  Variance variance;
  variance.value = alone;
  for (const double deviation : deviations) variance.value += deviation * deviation;
  variance.freedom = static_cast<double>(deviations.size()) - 1.0;
  if (spread > 0.0) variance.freedom = std::min(variance.freedom, separate * separate / spread);
  // Configurations of one value all share one estimate, which is as sure as its own seeds make it.
  if (alone > 0.0) variance.freedom = std::min(variance.freedom, within);
  return variance;
}

/// How many seeds configurations have.
struct Sizes {
  explicit Sizes(const SeedTable& table) {
    for (std::size_t s = 0; s < table.configurations(); ++s) {
      most = std::max(most, table.size(s));
      least = std::min(least, table.size(s));
    }
  }
  std::size_t most = 0;
  std::size_t least = kEnoughToResample;  ///< of interest up to there
};

/// The values seed by seed, each with all its configurations. Of more seeds than `kMostResampled`
/// groups are resampled, so that the cost of a value does not grow with their number.
class Resampler {
 public:
  explicit Resampler(const SeedTable& table)
      : sums_(table.configurations()),
        counts_(table.configurations()),
        starts_(std::min(table.seeds(), kMostResampled) + 1) {
    if (table.seeds() > kMostResampled) {
      add_groups(table);
      return;
    }
    const std::size_t size = table.begin(table.configurations());
    for (std::size_t i = 0; i < size; ++i) ++starts_[table.seed(i) + 1];
    for (std::size_t seed = 1; seed < starts_.size(); ++seed) starts_[seed] += starts_[seed - 1];
    values_.resize(size);
    configurations_.resize(size);
    std::vector<std::size_t> next = starts_;
    for (std::size_t s = 0; s < table.configurations(); ++s) {
      for (std::size_t i = table.begin(s); i < table.begin(s + 1); ++i) {
        const std::size_t place = next[table.seed(i)]++;
        values_[place] = table.value(i);
        configurations_[place] = s;
      }
    }
    complete_ = size == table.configurations() * table.seeds();
  }

  /// How many seeds, or groups of seeds, there are to pick from.
  [[nodiscard]] std::size_t size() const { return starts_.size() - 1; }

  void clear() {
    std::fill(sums_.begin(), sums_.end(), 0.0);
    std::fill(counts_.begin(), counts_.end(), 0.0);
  }
  /// Adds a seed, or a group.
  void add(std::size_t seed) {
    const double* values = values_.data() + starts_[seed];
    if (complete_) {  // every configuration has every seed, in its order
      ++picked_;
      for (std::size_t s = 0; s < sums_.size(); ++s) sums_[s] += values[s];
      return;
    }
    for (std::size_t i = starts_[seed]; i < starts_[seed + 1]; ++i) {
      sums_[configurations_[i]] += values_[i];
      counts_[configurations_[i]] += numbers_.empty() ? 1.0 : numbers_[i];
    }
  }
  /// Mean over the configurations of which a seed was added.
  double mean() {
    if (complete_) std::fill(counts_.begin(), counts_.end(), picked_);
    picked_ = 0.0;
    double total = 0.0;
    double met = 0.0;
    for (std::size_t s = 0; s < sums_.size(); ++s) {
      if (counts_[s] == 0.0) continue;
      total += sums_[s] / counts_[s];
      met += 1.0;
    }
    return total / met;
  }

 private:
  /// Seed number i is of group i modulo their number.
  void add_groups(const SeedTable& table) {
    const auto group_of = [&](std::size_t place) { return table.seed(place) % size(); };
    std::vector<std::size_t> last(size());  // configuration that a group was met in, from 1
    for (std::size_t s = 0; s < table.configurations(); ++s) {
      for (std::size_t i = table.begin(s); i < table.begin(s + 1); ++i) {
        const std::size_t group = group_of(i);
        if (last[group] != s + 1) ++starts_[group + 1];
        last[group] = s + 1;
      }
    }
    for (std::size_t group = 1; group < starts_.size(); ++group) {
      starts_[group] += starts_[group - 1];
    }
    values_.resize(starts_.back());
    numbers_.resize(starts_.back());
    configurations_.resize(starts_.back());
    std::vector<std::size_t> next = starts_;
    std::fill(last.begin(), last.end(), 0);
    for (std::size_t s = 0; s < table.configurations(); ++s) {
      for (std::size_t i = table.begin(s); i < table.begin(s + 1); ++i) {
        const std::size_t group = group_of(i);
        if (last[group] != s + 1) ++next[group];
        last[group] = s + 1;
        const std::size_t place = next[group] - 1;
        values_[place] += table.value(i);
        numbers_[place] += 1.0;
        configurations_[place] = s;
      }
    }
  }

  std::vector<double> sums_;  ///< by configuration
  std::vector<double> counts_;
  std::vector<std::size_t> starts_;  ///< by seed or group
  std::vector<double> values_;
  std::vector<double> numbers_;  ///< how many values each is the sum of; empty: one
  std::vector<std::size_t> configurations_;
  bool complete_ = false;
  double picked_ = 0.0;
};

}  // namespace

SeedTable::SeedTable(const std::vector<BySeed>& configurations) {
  for (const BySeed& values : configurations) {
    for (const auto& [seed, value] : values) add(seed, value);
    next_configuration();
  }
  finish();
}

void SeedTable::add(std::int64_t seed, double value) {
  seeds_.push_back(seed);
  values_.push_back(value);
}

void SeedTable::next_configuration() {
  if (values_.size() > starts_.back()) starts_.push_back(values_.size());
}

void SeedTable::finish() {
  next_configuration();
  all_seeds_ = seeds_;
  std::sort(all_seeds_.begin(), all_seeds_.end());
  all_seeds_.erase(std::unique(all_seeds_.begin(), all_seeds_.end()), all_seeds_.end());
  numbers_.reserve(seeds_.size());
  std::size_t number = 0;
  for (std::size_t i = 0; i < seeds_.size(); ++i) {
    // Often the seed after the one before.
    if (++number >= all_seeds_.size() || all_seeds_[number] != seeds_[i]) {
      number = static_cast<std::size_t>(
          std::lower_bound(all_seeds_.begin(), all_seeds_.end(), seeds_[i]) - all_seeds_.begin());
    }
    numbers_.push_back(static_cast<std::uint32_t>(number));
  }
}

double SeedTable::mean(std::size_t configuration) const {
  double sum = 0.0;
  for (std::size_t i = begin(configuration); i < begin(configuration + 1); ++i) sum += values_[i];
  return sum / static_cast<double>(size(configuration));
}

double SeedTable::variance(std::size_t configuration) const {
  const double centre = mean(configuration);
  double sum = 0.0;
  for (std::size_t i = begin(configuration); i < begin(configuration + 1); ++i) {
    sum += (values_[i] - centre) * (values_[i] - centre);
  }
  return sum / static_cast<double>(size(configuration) - 1);
}

Estimate mean_over_seeds(const SeedTable& table, const std::string& key, double noise,
                         double level) {
  Estimate estimate = mean_alone(table);
  const Sizes sizes(table);
  if (sizes.most < 2) return estimate;
  const bool usual = level == kUsualLevel;
  if (usual && sizes.least >= kEnoughToResample) {
    estimate = bootstrap_over_seeds(table, key);
  } else if (const Variance variance = variance_of_sum(table); variance.value > 0.0) {
    // By the lower tail, where small probabilities keep their digits.
    const double quantile =
        usual ? quantile_975(variance.freedom) : -student_quantile(0.5 * level, variance.freedom);
    const double half =
        quantile * std::sqrt(variance.value) / static_cast<double>(table.configurations());
    estimate.low -= half;
    estimate.high += half;
  }
  if (noise > 0.0) {
    const double half = (usual ? kNormalQuantile : -probit(0.5 * level)) * noise;
    estimate.low = std::min(estimate.low, estimate.value - half);
    estimate.high = std::max(estimate.high, estimate.value + half);
  }
  return estimate;
}

MeanError error_of_mean(const SeedTable& table) {
  if (Sizes(table).most < 2) return {};
  const Variance variance = variance_of_sum(table);
  MeanError mean;
  mean.error = std::sqrt(variance.value) / static_cast<double>(table.configurations());
  mean.freedom = variance.freedom;
  // Seeds that coincide, but for rounding, show no spread, however far from 0 they are.
  if (mean.error <= kRounding * std::abs(mean_alone(table).value)) mean.error = 0.0;
  return mean;
}

double student_p(const SeedTable& table, double noise) {
  if (Sizes(table).most < 2) return 1.0;
  const double value = std::abs(mean_alone(table).value);
  const auto [error, freedom] = error_of_mean(table);
  if (!(error > 0.0 || noise > 0.0) || !(value > 0.0)) return 1.0;
  double p = 0.0;
  if (error > 0.0) p = 2.0 * student_probability(-value / error, freedom);
  if (noise > 0.0) p = std::max(p, std::erfc(value / noise / std::sqrt(2.0)));
  return std::min(1.0, p);
}

Estimate bootstrap_over_seeds(const SeedTable& table, const std::string& key) {
  Estimate estimate = mean_alone(table);
  if (table.seeds() < 2) return estimate;
  Resampler resampler(table);
  const RandomKey draw_key = RandomKey(0).child("bootstrap").child(key);
  std::vector<std::int64_t> picks(resampler.size());
  const auto seeds = static_cast<std::int64_t>(resampler.size());
  std::vector<double> draws;
  draws.reserve(kResamples);
  for (int resample = 0; resample < kResamples; ++resample) {
    resampler.clear();
    core::fill_below(draw_key, seeds, resample, seeds, picks.data());
    for (const std::int64_t pick : picks) resampler.add(static_cast<std::size_t>(pick));
    draws.push_back(resampler.mean());
  }
  std::sort(draws.begin(), draws.end());
  estimate.low = draws[static_cast<std::size_t>(0.025 * kResamples)];
  estimate.high = draws[static_cast<std::size_t>(0.975 * kResamples) - 1];
  return estimate;
}

}  // namespace spurion::analysis
