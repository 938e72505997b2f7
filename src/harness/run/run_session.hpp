#pragma once

#include <string>
#include <vector>

#include "harness/data/data_cache.hpp"
#include "harness/data/environment_pool.hpp"
#include "harness/run/pack_checkpoint.hpp"
#include "spurion/run.hpp"

namespace spurion::harness {

/// What the packs of a run share: environments with their rows, and where checkpoints are kept.
/// Workers call it from many threads, each with its own pack. The pool must outlive the session.
class RunSession {
 public:
  /// `cache_bytes`: rows kept for later packs.
  RunSession(EnvironmentPool& pool, double cache_bytes) : pool_(&pool), cache_(cache_bytes) {}

  /// Keeps checkpoints from now on: of packs that are trained with `made_by`.
  void keep_checkpoints(CheckpointPlan checkpoints) { checkpoints_ = std::move(checkpoints); }

  /// Trains a pack in the calling thread. `made_by`: facts of what makes its trials; empty: no
  /// checkpoints are kept. Where code of a plug-in throws, only the trials that it belongs to fail.
  std::vector<TrialResult> run(const Pack& pack, const PackOptions& options,
                               const std::string& made_by = {});

  /// Says that a pack will be run, or was run and its results are stored. After the last pack of an
  /// environment its rows are let go.
  void expect(const Pack& pack);
  void finish(const Pack& pack);

 private:
  std::vector<TrialResult> train(const Pack& pack, const PackOptions& options,
                                 const CheckpointPlan& checkpoints);
  [[nodiscard]] RegimeContext context_of(const Pack& pack);

  EnvironmentPool* pool_;
  DataCache cache_;
  CheckpointPlan checkpoints_;
};

}  // namespace spurion::harness
