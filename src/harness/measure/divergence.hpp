#pragma once

#include <cstdint>
#include <string>

#include "spurion/environment.hpp"

/// \file
/// When a training that ended with finite numbers diverged all the same. (A loss or gradient that
/// is not finite stops a replica at once: `ReplicaTrainer`.)
///
/// A replica diverged when one of these holds:
///  1. Its logits were not finite on some rows it was measured on.
///  2. The root mean square of its parameters at the end is beyond `kLargestParameters`: squares of
///     sums of such numbers leave the range of float32.
///  3. Its loss on training domains at the end is beyond `kLossFactor` times that of a constant,
///  and
///     beyond as many times its own before the first update. On a stream its loss in the last phase
///     must be so too, since it may have unlearned where it began.
///
/// The constant gives all classes the same probability, or says 0 in regression: a model without
/// weights does no worse. Its own start counts because inputs or targets of a large scale make the
/// loss large before anything was learned. Scores in shifted domains do not count: a model that is
/// wrong on every row there, however sure of it, learned the cue; it did not diverge. Nor does a
/// model that learned nothing, whose loss is about the constant's.

namespace spurion {

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
/// Why it diverged by rule 3; empty when it did not. Without `untrained` (0): whether it may have.
std::string diverged_loss(const EndLosses& losses);
/// By rule 2, of the parameters of one replica.
std::string diverged_parameters(const float* parameters, std::int64_t count);
/// By rule 1.
std::string diverged_logits(const Domain& domain, std::int64_t step);

}  // namespace spurion
