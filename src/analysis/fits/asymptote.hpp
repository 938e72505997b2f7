#pragma once

#include <vector>

#include "analysis/fits/curve_family.hpp"
#include "analysis/fits/scale_table.hpp"
#include "analysis/fits/scaling_judgement.hpp"

namespace spurion::analysis::fits {

/// The asymptote of a law and what it is uncertain by.
struct FoundAsymptote {
  Asymptote asymptote;
  std::vector<ResampledLaw> draws;  ///< without `reach_decades`
  double loss = 0.0;                ///< of the fit
};

/// The interval of g_inf by its profile likelihood: all values that can be held so that the loss
/// grows by at most a threshold. The threshold is the quantile of that growth over resamples about
/// the fitted law, each refitted from the whole grid, with and without g_inf held at its fitted
/// value. So it takes account of errors that seeds share between scales, which the loss does not.
FoundAsymptote find_asymptote(const ScaleTable& table, const CurveFamily& family,
                              const ScalingOptions& options);

/// Where a closing law would reach the margin; sets `reach_decades` of the draws.
Reach find_reach(const ScaleTable& table, const ScalingOptions& options, FoundAsymptote& found);

/// How many seeds, or decades of further scales, would tell g_inf from the margin in 4 of 5 cases,
/// if the fitted law goes on.
Needed find_needed(const ScaleTable& table, const CurveFamily& family,
                   const ScalingOptions& options, const FoundAsymptote& found);

}  // namespace spurion::analysis::fits
