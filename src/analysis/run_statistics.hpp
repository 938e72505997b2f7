#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "spurion/analysis/statistics.hpp"
#include "spurion/export.hpp"

/// \file
/// What Agarwal et al. 2021 ("Deep reinforcement learning at the edge of the statistical
/// precipice") say of the runs of methods over several tasks. Here a run is a seed, a task an
/// environment.
///
/// Intervals are stratified percentile bootstraps: the seeds of each environment are resampled with
/// replacement, apart from those of other environments, 2,000 times. Compared methods get the same
/// seeds, since they share rows. An interval is at least as wide as the noise of the evaluated rows
/// makes it: the same number is worked out 2,000 times with each score moved by a normal error of
/// its noise, no seed resampled, and the interval takes in the middle 95 % of these too. So seeds
/// that coincide have no interval of width 0, as far as the noise of their rows is known.

namespace spurion::analysis {

/// A score, such that higher is better, and its standard deviation from the evaluated rows alone.
struct RunScore {
  double value = 0.0;
  double deviation = 0.0;  ///< 0: none, or not known
};

/// The scores of a method by environment and seed, on a scale that the environments share.
using Runs = std::map<std::string, std::map<std::int64_t, RunScore>>;

/// The interquartile mean of all runs of all environments together.
SPURION_API Estimate interquartile_mean_of(const Runs& runs, const std::string& key);

/// The probability of improvement P(X > Y): in an environment, the share of pairs of a run of x and
/// a run of y in which that of x is better, a tie counting half (Mann & Whitney 1947); averaged
/// over the environments that both have. Of no values where they share none.
SPURION_API Estimate probability_of_improvement(const Runs& x, const Runs& y,
                                                const std::string& key);

/// The performance profile: for each threshold the share of all runs with a score above it. An
/// environment counts by its number of runs.
SPURION_API std::vector<Estimate> performance_profile(const Runs& runs,
                                                      const std::vector<double>& thresholds,
                                                      const std::string& key);

}  // namespace spurion::analysis
