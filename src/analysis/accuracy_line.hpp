#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "spurion/analysis/statistics.hpp"
#include "spurion/export.hpp"

/// \file
/// Accuracy on the line: whether the accuracy out of distribution of trained models follows from
/// their accuracy in distribution (Miller et al. 2021, "Accuracy on the Line", arXiv:2107.04649).
/// Where it does, an environment cannot rank methods by robustness: a method that is better out of
/// distribution is just better. Where it does not, or the line falls, a shift of the cue matters
/// and the environment is well specified (Salaudeen et al. 2025, "Are Domain Generalization
/// Benchmarks with Accuracy on the Line Misspecified?", arXiv:2504.00186).
///
/// As there, the line is the least squares fit of probit(OOD accuracy) on probit(ID accuracy) over
/// models, with its slope and Pearson's correlation R. The intervals are ours: a jackknife that
/// leaves out one seed at a time, as models of a seed share their data (MacKinnon, Nielsen & Webb
/// 2023, "Fast and reliable jackknife and bootstrap methods for cluster-robust inference",
/// arXiv:2301.04527), with Student's t of one degree of freedom less than seeds. For R it is taken
/// of atanh(R). The methods and settings among the models are not resampled: an interval is about
/// these.

namespace spurion::analysis {

/// One trained model.
struct LineModel {
  std::int64_t seed = 0;
  double id = 0.0;   ///< accuracy in distribution, in [0, 1]
  double ood = 0.0;  ///< accuracy out of distribution, in [0, 1]
  /// The rows each accuracy was measured on; 0: not known. An accuracy p of n rows counts as
  /// (n p + 1/2) / (n + 1), so that the probits of 0 and 1 are finite. If n is not known, the
  /// accuracy is taken to be exact, and 0 and 1 as those of `kUnknownRows` rows.
  double id_rows = 0.0;
  double ood_rows = 0.0;
  std::string group;  ///< what lines of their own are fitted for, for example the method
};
inline constexpr double kUnknownRows = 1000.0;

/// From this correlation on the line explains half of the variance of probit(OOD accuracy). The
/// source names no limit: it calls R of .50 and less well specified, and R of .78 and more on the
/// line.
inline constexpr double kOnTheLine = 0.70710678118654752;

enum class LineVerdict {
  /// The slope is above 0 and R above `kOnTheLine`: the environment cannot rank methods.
  on_the_line,
  /// R is below `kOnTheLine`, or the slope is not above 0: the environment can rank methods.
  off_the_line,
  too_alike,  ///< less than half the variance of either probit is more than the rows' noise
  too_few,    ///< fewer than three models, or one seed
  undecided   ///< the intervals allow more than one of these
};
/// What a column of verdicts says: "cannot rank methods", "can rank methods" ...
SPURION_API const char* line_verdict_name(LineVerdict verdict);

/// probit(OOD) = intercept + slope * probit(ID), over models.
struct AccuracyLine {
  Estimate slope;        ///< with a 95 % interval; NaN if the ID accuracies do not vary
  double intercept = 0;  ///< NaN if the slope is
  Estimate correlation;  ///< R, with a 95 % interval; NaN if either accuracy does not vary
  /// The share of the variance of probit(ID) over models that is more than the noise of the rows,
  /// in [0, 1]. The slope is that share of what exact accuracies would give, on average.
  double id_reliability = 0.0;
  double ood_reliability = 0.0;  ///< the same of probit(OOD)
  std::int64_t models = 0;
  std::int64_t seeds = 0;
  LineVerdict verdict = LineVerdict::too_few;
};

/// Of one environment: the line of all models, and that of each group of them.
struct LineCertificate {
  AccuracyLine pooled;
  std::map<std::string, AccuracyLine> groups;
};

/// Throws `UsageError` for an accuracy outside [0, 1].
SPURION_API AccuracyLine accuracy_line(const std::vector<LineModel>& models);
/// The same for all models and for each group. Groups are in the order of their names.
SPURION_API LineCertificate line_certificate(const std::vector<LineModel>& models);

}  // namespace spurion::analysis
