#pragma once

#include <cstdint>
#include <vector>

#include "harness/data/environment_pool.hpp"
#include "spurion/trial.hpp"

namespace spurion::harness {

/// What the trials of a pack cost, from the shapes of one of them.
struct PackCost {
  double flops = 0.0;           ///< of one replica
  double cache_bytes = 0.0;     ///< what a step of one replica goes through again and again
  double replica_bytes = 0.0;   ///< parameters, optimiser, activations of one replica
  double seed_bytes = 0.0;      ///< rows in use of one data seed
  double batch_bytes = 0.0;     ///< rows of one step of one replica
  double fixed_bytes = 0.0;     ///< of any pack
  double prepared_bytes = 0.0;  ///< minibatches gathered at once, at most, of one replica
  std::int64_t max_replicas = 1;

  /// What one trial takes because of one field or two, for a message to name the most.
  struct Share {
    const char* field;
    double bytes;
  };
  std::vector<Share> shares;

  /// Most memory a pack is expected to hold at once.
  [[nodiscard]] double memory_bytes(std::int64_t replicas, std::int64_t seeds) const;
};

PackCost pack_cost(const TrialSpec& trial, EnvironmentPool& pool);

}  // namespace spurion::harness
