#pragma once

#include <vector>

#include "analysis/fits/curve_family.hpp"
#include "analysis/fits/scale_table.hpp"
#include "analysis/fits/scaling_judgement.hpp"

namespace spurion::analysis::fits {

/// The families that so many scales and axes allow, the simplest first.
std::vector<CurveFamily> families_for(const ScaleTable& table, const ScalingOptions& options);

/// A family and its fits: to all scales, and without the largest.
struct RankedLaw {
  CurveFamily family;
  CurveFit all;
  FittedLaw law;
};
/// All families by their error on the held-out scales, the least first. Families with equal errors
/// stay in order: the simpler comes first.
std::vector<RankedLaw> rank_laws(const ScaleTable& table, const ScalingOptions& options);

/// How a law does on the held-out scales, beside noise and the last value carried forward. `p`: the
/// share of resamples about the law in which its error there is as large.
Extrapolation extrapolate(const ScaleTable& table, const RankedLaw& ranked,
                          const ScalingOptions& options);

/// The law from the smallest scale to 10 times the largest, with a pointwise interval over
/// resamples about it. Empty for several axes.
std::vector<CurvePoint> law_curve(const ScaleTable& table, const RankedLaw& ranked,
                                  const ScalingOptions& options);

}  // namespace spurion::analysis::fits
