#pragma once

#include <cstddef>
#include <vector>

#include "harness/data/environment_pool.hpp"
#include "spurion/run.hpp"

namespace spurion::harness {

/// A pack, as the places of its trials among others.
struct PackPlaces {
  std::vector<std::size_t> members;  ///< in the order of the replicas
  double flops = 0.0;                ///< expected
  double memory_bytes = 0.0;         ///< expected peak
};

/// How the trials of a plan are grouped.
struct PlaceOptions {
  PlanOptions plan;
  /// The same packs on all machines, whatever their caches: for plans that several share.
  bool any_machine = false;
};

/// Packs of the trials at these places, the most expensive first.
std::vector<PackPlaces> plan_places(const std::vector<TrialSpec>& trials,
                                    const std::vector<std::size_t>& places, EnvironmentPool& pool,
                                    const PlaceOptions& options);

/// As the public `plan` and `pack_of`, with the environments of a run. Uses up the trials.
std::vector<Pack> plan(std::vector<TrialSpec>&& trials, EnvironmentPool& pool,
                       const PlanOptions& options);
Pack pack_of(const std::vector<TrialSpec>& trials, EnvironmentPool& pool);

}  // namespace spurion::harness
