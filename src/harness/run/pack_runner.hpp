#pragma once

#include "harness/data/data_cache.hpp"
#include "harness/run/pack_checkpoint.hpp"
#include "spurion/run.hpp"

namespace spurion {

/// As the public `run_pack`, with rows from a cache that packs share, and keeping checkpoints.
std::vector<TrialResult> run_pack(const Pack& pack, const Catalog& catalog,
                                  const std::shared_ptr<const DataSources>& sources,
                                  DataCache& cache, const CheckpointPlan& checkpoints,
                                  const std::atomic<bool>* stop,
                                  const std::function<void(double)>& progress, Device device);

}  // namespace spurion
