#pragma once

#include "spurion/random.hpp"
#include "spurion/trial.hpp"

namespace spurion {

/// The stream everything random in a trial descends from: suite seed and replicate, nothing else,
/// so that trials that differ in method, model or hyper-parameters are paired.
StreamKey replicate_key(const TrialSpec& trial);

/// What the trial's environment is bound to.
inline std::uint64_t data_seed(const TrialSpec& trial) {
  return replicate_key(trial).child("data").value();
}

}  // namespace spurion
