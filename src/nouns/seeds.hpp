#pragma once

#include "spurion/random.hpp"
#include "spurion/trial.hpp"

namespace spurion {

/// The key of all random numbers of a trial. It depends only on base seed and seed, so trials that
/// differ in method, model or hyper-parameters are paired.
inline RandomKey replicate_key(std::int64_t base_seed, std::int64_t replicate) {
  return RandomKey(static_cast<std::uint64_t>(base_seed))
      .child("replicate")
      .child(static_cast<std::uint64_t>(replicate));
}
inline RandomKey replicate_key(const TrialSpec& trial) {
  return replicate_key(trial.base_seed, trial.seed);
}

/// The data seed of the environment of a trial, also in `export` and `describe`.
inline std::uint64_t data_seed(std::int64_t base_seed, std::int64_t replicate) {
  return replicate_key(base_seed, replicate).child("data").value();
}
inline std::uint64_t data_seed(const TrialSpec& trial) {
  return data_seed(trial.base_seed, trial.seed);
}

}  // namespace spurion
