#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "analysis/fits/curve_fit.hpp"
#include "analysis/fits/scaling_judgement.hpp"

namespace spurion::analysis::fits {

/// Trials by seed and scale, with the resampled errors of their means.
struct ScaleTable {
  std::vector<std::vector<double>> scales;  ///< in lexical order
  std::vector<std::int64_t> seeds;          ///< in ascending order
  std::vector<double> values;             ///< [seeds, scales]; NaN: no trial. Repeats are averaged
  std::vector<double> means;              ///< of each scale, over its seeds
  std::vector<double> seed_deviations;    ///< of one seed
  std::vector<double> noise;              ///< of one seed, from its evaluated rows
  std::vector<double> deviations;         ///< of the means, as fits weigh them; above 0
  std::vector<std::int64_t> counts;       ///< seeds of each scale
  std::vector<std::size_t> held_out;      ///< places of the largest scales, the largest last
  std::size_t first = 0;                  ///< the smallest scale
  std::size_t last = 0;                   ///< the largest: with several axes, on all together
  std::int64_t fewest = 0;                ///< seeds of any scale
  std::vector<double> reference;          ///< geometric mean of the scales, by axis
  std::vector<std::vector<double>> logs;  ///< of scales divided by `reference`
  /// [resamples][scales]: what resampled means differ from the means by. Seeds are drawn with
  /// replacement, each with all its scales. The differences are widened by sqrt(n / (n - 1)) t / z,
  /// so that their quantiles are those of Student's t with n - 1 degrees of freedom, and have at
  /// least the variance of the evaluated rows.
  std::vector<std::vector<double>> errors;

  [[nodiscard]] std::size_t size() const { return scales.size(); }
  [[nodiscard]] std::size_t axes() const { return scales.front().size(); }
  [[nodiscard]] double value(std::size_t seed, std::size_t scale) const {
    return values[seed * scales.size() + scale];
  }
  /// The values of a scale by seed.
  [[nodiscard]] BySeed by_seed(std::size_t scale) const;
  /// Degrees of freedom of a spread over seeds, at least 1.
  [[nodiscard]] double freedom() const {
    return fewest > 1 ? static_cast<double>(fewest - 1) : 1.0;
  }
  /// Means with their deviations: of all scales, or without those held out.
  [[nodiscard]] std::vector<Observation> observations(bool all) const;
  [[nodiscard]] bool is_held_out(std::size_t scale) const;
};

/// Throws `UsageError` for what `judge_scaling` refuses, or if there are no points.
ScaleTable tabulate(const std::vector<ScalingPoint>& points, const ScalingOptions& options,
                    const std::string& key);

/// The value below which a share of the values lies, between neighbours; sorts them.
double quantile_of(std::vector<double>& values, double share);
/// Two-sided p value of an excess of loss, where `threshold` is its quantile at `level`: as of a
/// squared Student's t.
double excess_p(double excess, double threshold, double level, double freedom);

}  // namespace spurion::analysis::fits
