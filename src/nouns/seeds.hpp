#pragma once

#include "spurion/random.hpp"
#include "spurion/trial.hpp"

namespace spurion::nouns {

/// The key of all random numbers of a trial. It depends only on base seed and seed, so trials that
/// differ in method, model or hyper-parameters are paired.
inline RandomKey seed_key(std::int64_t base_seed, std::int64_t seed) {
  return RandomKey(static_cast<std::uint64_t>(base_seed))
      .child("replicate")
      .child(static_cast<std::uint64_t>(seed));
}
inline RandomKey seed_key(const TrialSpec& trial) { return seed_key(trial.base_seed, trial.seed); }

/// The data seed of the environment of a trial, also in `export` and `describe`.
inline std::uint64_t data_seed(std::int64_t base_seed, std::int64_t seed) {
  return seed_key(base_seed, seed).child("data").value();
}
inline std::uint64_t data_seed(const TrialSpec& trial) {
  return data_seed(trial.base_seed, trial.seed);
}

}  // namespace spurion::nouns
