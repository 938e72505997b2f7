#pragma once

#include <string>
#include <vector>

#include "analysis/questions/goodhart/pressure_line.hpp"
#include "spurion/analysis/statistics.hpp"
#include "spurion/export.hpp"

/// \file
/// Two pressures where each has brought the same gain out of distribution: under which of them
/// does the proxy claim less beyond the truth there, and up to which gain?

namespace spurion::analysis::questions::goodhart {

/// What a comparison at one gain shows.
enum class EqualGain { filter_better, other_better, not_shown };
SPURION_API const char* equal_gain_name(EqualGain result);

/// The filter beside another pressure at one gain out of distribution. Each is read where its mean
/// gain first reaches that gain, between two places by a straight line.
struct GainLevel {
  double gain = 0.0;           ///< out of distribution
  Estimate filter_overstated;  ///< gain of the proxy minus gain of the truth
  Estimate other_overstated;
  Estimate difference;     ///< overstated by the filter minus by the other
  Estimate id_difference;  ///< change of the score in distribution, filter minus other
  double p = 1.0;          ///< of the difference
  double adjusted_p = 1.0;
  EqualGain result = EqualGain::not_shown;
};

/// The filter and another pressure in one environment.
struct SPURION_API GainComparison {
  std::string environment;
  std::string other;      ///< name of its line
  Estimate filter_reach;  ///< largest mean gain out of distribution over its judged places
  Estimate other_reach;
  std::vector<GainLevel> levels;  ///< rising; none where no gain that both reach is shown
};

/// Every filter beside every loss and iterated selection of its environment, at a fifth to four
/// fifths of the smaller of both reaches. Intervals: jackknife over the seeds of both. p values are
/// adjusted for all levels of all comparisons (Holm).
SPURION_API std::vector<GainComparison> equal_gain_comparisons(
    const std::vector<PressureLine>& lines);

}  // namespace spurion::analysis::questions::goodhart
