#pragma once

#include <cstdint>
#include <string>

#include "spurion/environment.hpp"

/// \file
/// Divergence of a training whose losses stayed finite. (`ReplicaTrainer` stops a replica at once
/// if its loss or gradient is not finite.)
///
/// A replica diverged when one of these holds:
///  1. Its logits were not finite on some evaluated rows.
///  2. The root mean square of its final parameters is above `kLargestParameters`: squares of sums
///  of
///     such numbers exceed the range of float32.
///  3. Its final loss on the training domains is above `kLossFactor` times the loss of a constant,
///  and
///     above `kLossFactor` times its own loss before the first update. On a stream the loss on the
///     last phase must be so too, because a model may forget phase 0.
///
/// The constant predicts the same probability for all classes, or 0 for regression. The loss before
/// training counts because inputs or targets of a large scale make it large. Scores in shifted
/// domains do not count: a model that is wrong on every row there has learned the cue. A model that
/// learned nothing has about the loss of the constant, so it has not diverged either.

namespace spurion::harness {

constexpr double kLossFactor = 1000.0;
constexpr double kLargestParameters = 1e15;

/// The loss of the constant: log C for C classes, the mean squared target for regression.
double constant_loss(const EnvironmentInfo& info, double mean_squared_target);

/// Losses of one replica on training domains.
struct EndLosses {
  double trained = 0.0;
  double untrained = 0.0;
  double constant = 0.0;
};
/// The reason by rule 3; empty if it did not diverge. Without `untrained` (0): whether it may have.
std::string diverged_loss(const EndLosses& losses);
/// By rule 2, of the parameters of one replica.
std::string diverged_parameters(const float* parameters, std::int64_t count);
/// By rule 1.
std::string diverged_logits(const Domain& domain, std::int64_t step);

}  // namespace spurion::harness
