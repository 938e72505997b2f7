#pragma once

#include "spurion/environment.hpp"
#include "spurion/regime.hpp"
#include "spurion/trial.hpp"

namespace spurion::harness {

/// Most numbers that one trial may measure: more make a store that no report reads.
constexpr double kMostMeasurements = 2e7;
/// What a number takes of memory while its trial runs and is stored.
constexpr double kMeasurementBytes = 250.0;

/// About how many numbers a trial measures, and how many of them because of `evaluation.every`.
struct MeasurementCount {
  double all = 0.0;
  double on_the_way = 0.0;
  double updates = 0.0;
  double each_time = 0.0;  ///< numbers of one measurement on the way
};

MeasurementCount count_measurements(const TrialSpec& trial, const Environment& environment,
                                    const Regime& regime);

}  // namespace spurion::harness
