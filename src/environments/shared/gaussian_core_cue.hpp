#pragma once

#include <cstdint>
#include <vector>

#include "spurion/environment.hpp"
#include "spurion/schema.hpp"

namespace spurion::environments {

/// Options of a core and a cue.
struct CoreAndCueOptions {
  std::int64_t core_dimensions = 5;
  double amplitude = 2.0;
  std::int64_t noise_dimensions = 10;

  static const Schema<CoreAndCueOptions>& schema();
};

/// What the Gaussian environments with one core and one cue show of a row, and what they have in
/// common:
///
///     core_j = mean_i + N(0, 1),                           j = 1 .. core_dimensions
///     x      = (core, amplitude * cue, noise_dimensions of N(0, 1))
///
/// The core is sufficient in s = sum_j core_j / sqrt(core_dimensions) ~ N(sqrt(core_dimensions)
/// mean_i, 1); that is the row's `causal`, and the cue its `spurious`. Groups: 2 * label + [the
/// cue's sign agrees with the label].
class CoreAndCue {
 public:
  explicit CoreAndCue(const CoreAndCueOptions& options)
      : core_dimensions_(options.core_dimensions),
        amplitude_(options.amplitude),
        noise_dimensions_(options.noise_dimensions) {}

  /// Of x.
  [[nodiscard]] std::int64_t dimensions() const;
  /// Coordinates of the core, row by row; `mean` of each row.
  [[nodiscard]] std::vector<float> core(const RandomKey& key, RowRange rows,
                                        const std::vector<double>& mean) const;
  /// s of each row.
  [[nodiscard]] std::vector<double> statistics(const std::vector<float>& core) const;
  /// do(core := ...): the reading negated where need be, so that its s is as asked. `y` is -1 or
  /// +1. Only flip, align and oppose.
  void turn(std::vector<float>& core, const std::vector<int>& y,
            const Intervention& intervention) const;
  [[nodiscard]] Sample sample(const RandomKey& key, RowRange rows, const std::vector<float>& core,
                              const std::vector<int>& y, const std::vector<double>& cue) const;

 private:
  std::int64_t core_dimensions_;
  double amplitude_;
  std::int64_t noise_dimensions_;
};

/// What an intervention makes of a cue on the real line: flip negates it, align and oppose choose
/// its sign, `fresh` is an independent draw from its marginal.
[[nodiscard]] double intervened_real(double value, int y, double fresh,
                                     const Intervention& intervention);

}  // namespace spurion::environments
