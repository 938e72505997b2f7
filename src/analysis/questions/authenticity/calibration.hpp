#pragma once

#include <cstdint>
#include <vector>

#include "analysis/seed_jackknife.hpp"
#include "spurion/analysis/statistics.hpp"
#include "spurion/export.hpp"

/// \file
/// Whether the number that a probe gives is the number that an intervention finds.

namespace spurion::analysis::questions::authenticity {

/// Trained models: what a probe says of each, and the truth.
struct ProbedModels {
  std::vector<double> probe;
  std::vector<double> truth;
  std::vector<std::int64_t> seeds;
  Range probe_range = {};  ///< what the numbers of the probe can be
  Range truth_range = {};  ///< what the truth can be
};

/// How far a probe is from the truth over trained models.
struct SPURION_API Calibration {
  Estimate slope;      ///< of truth = intercept + slope * probe (least squares); 1: calibrated
  Estimate intercept;  ///< 0: calibrated
  Estimate bias;       ///< mean of probe minus truth
  Estimate error;      ///< root of the mean of (probe - truth)^2, as Brier's score has it
};
/// Intervals: jackknife over seeds. The line is not given where the probe does not vary.
SPURION_API Calibration calibration_of(const ProbedModels& models);

/// Models with about the same probe.
struct CalibrationBin {
  double probe = 0.0;  ///< mean
  Estimate truth;      ///< mean with its interval over seeds
  std::int64_t models = 0;
};
/// Bins with about equal numbers of models, at most 10 and none with fewer than 5 models; models
/// with equal probes share a bin.
SPURION_API std::vector<CalibrationBin> calibration_bins(const ProbedModels& models);

/// Where a probe calls a model clean, and where the truth calls it confused.
struct CleanLimits {
  double clean_below = 0.1;     ///< of the probe
  double confused_above = 0.3;  ///< of the truth
};
/// A share of models of which a probe says one thing.
struct SPURION_API ProbeMistakes {
  std::int64_t said = 0;   ///< models of which the probe says it
  std::int64_t wrong = 0;  ///< those of them of which the truth says the opposite
  /// The share, with a 95 % Wilson interval; where seeds have several models each, at least as wide
  /// as the jackknife over seeds makes it.
  Estimate share;
};
/// False reassurance: the probe is below `clean_below`, the truth above `confused_above`.
SPURION_API ProbeMistakes false_reassurance(const ProbedModels& models, const CleanLimits& limits);
/// False alarm: the probe is above `confused_above`, the truth below `clean_below`.
SPURION_API ProbeMistakes false_alarm(const ProbedModels& models, const CleanLimits& limits);

}  // namespace spurion::analysis::questions::authenticity
