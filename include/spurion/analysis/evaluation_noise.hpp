#pragma once

#include <string>

#include "spurion/metric_info.hpp"
#include "spurion/trial.hpp"

/// \file
/// What the rows of an evaluation leave unsure about one number of one trial.
///
/// A rate p of n rows has the binomial deviation sqrt(p (1 - p) / n), with two rows of either kind
/// added (Agresti & Coull 1998), so that 0 of 20 is not taken for certain. A paired difference d of
/// two rates on the same rows differs in at least a share |d| of them, so its deviation is at least
/// sqrt(q (1 - q) / n) with q = (|d| n + 1) / (n + 2). Two rates on rows of their own add up their
/// variances.
///
/// Values of a shift that mixes rows and their twins are expectations over the cue: of two rates a
/// and b of the same rows, weighted 1 - s and s, the variance of a row is at least that of rates
/// which are right together as seldom as they can be. It may be 0: a row and its twin may make up
/// for one another. Scores with a cue randomised count as rates: whether they are means of rows and
/// twins or of rows with a cue resampled, a rate's deviation is never too small.
///
/// Losses have none here, for it is not known how they vary between rows, nor have ceilings.

namespace spurion::analysis {

/// How well one number of a trial is known.
struct RowNoise {
  double deviation = 0.0;  ///< standard deviation from the rows alone; 0: none, or not known
  double rows = 0.0;       ///< that it was evaluated on; 0: not known
  /// The rows are all there are, the same with every seed, so that more seeds do not help.
  bool same_rows = false;
  double unit = 1.0;  ///< of a number that is a rate times this, or a difference of such
};

/// Of a rate that was measured on so many rows.
SPURION_API RowNoise rate_noise(double rate, double rows, bool same_rows = false);
/// Of a difference of two rates on the same rows.
SPURION_API RowNoise paired_noise(double difference, double rows, bool same_rows = false);
/// Of (1 - share) * first + share * second, two rates on the same rows.
SPURION_API RowNoise mixture_noise(double first, double second, double share, double rows,
                                   bool same_rows = false);

/// The rows of a domain that a trial was evaluated on.
struct EvaluatedRows {
  double rows = 0.0;  ///< 0: not known
  bool all = false;   ///< all there are
};
/// Of a domain of a trial.
SPURION_API EvaluatedRows evaluated_rows(const TrialResult& trial, const std::string& domain);

/// Of a number of a trial: `value` of `metric` in `domain`. A metric that spurion itself does not
/// know has no noise that is known.
SPURION_API RowNoise row_noise(const TrialResult& trial, const std::string& domain,
                               const std::string& metric, double value);
/// The same, also of a column that a metric of a plug-in declares as a rate.
SPURION_API RowNoise row_noise(const TrialResult& trial, const std::string& domain,
                               const MetricInfo& metric, double value);

}  // namespace spurion::analysis
