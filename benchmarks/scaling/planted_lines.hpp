#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "analysis/fits/scaling_judgement.hpp"

/// \file
/// Lines of trials whose law is known, with noise as trainings have it.

namespace spurion::planted {

/// The noise of one trial, as standard deviations.
struct PlantedNoise {
  double seed = 0.01;    ///< of a seed, the same at all scales
  double trial = 0.01;   ///< of a trial beside that, at the smallest scale
  double last = 0.01;    ///< the same at the largest; between them it changes as a power of scale
  double rows = 4000.0;  ///< evaluated rows: the noise of the gap of two accuracies of .8
};

/// A curve and the verdicts that are right for it.
struct PlantedLine {
  std::string name;
  std::string formula;  ///< of x, the scale divided by the smallest
  std::function<double(double)> gap;
  double g_inf = 0.0;
  bool has_g_inf = true;  ///< whether a power law with a plateau has this g_inf
  double margin = 0.02;
  std::vector<analysis::fits::ScalingOutcome> right;
  std::vector<analysis::fits::ScalingOutcome> wrong;
  PlantedNoise noise;
  std::int64_t seeds = 20;
  int scales = 8;
  double ratio = 2.0;  ///< of neighbouring scales
  /// Share of seeds that find the core feature, by x; their gap is 0 but for noise.
  std::function<double(double)> found;
  double id_shortfall = -1.0;  ///< at all scales; below 0: not given

  [[nodiscard]] double decades() const;
  /// Standard deviation of a trial at the smallest scale, of all its noise.
  [[nodiscard]] double deviation() const;
};

/// The curves of the study.
std::vector<PlantedLine> planted_lines();

/// One draw of a line. The same repeat gives the same trials.
analysis::fits::ScalingData draw(const PlantedLine& line, std::int64_t repeat);

/// How often verdicts were right over repeats.
struct PlantedScore {
  std::int64_t repeats = 0;
  std::int64_t right = 0;
  std::int64_t wrong = 0;
  std::int64_t covered = 0;              ///< intervals of g_inf that hold it
  std::int64_t below = 0;                ///< that lie below it
  std::vector<double> widths;            ///< of the intervals
  std::vector<std::int64_t> by_outcome;  ///< by the number of the outcome
  double seconds = 0.0;                  ///< of the processor
};
PlantedScore score(const PlantedLine& line, std::int64_t repeats, int resamples = 1000);

}  // namespace spurion::planted
