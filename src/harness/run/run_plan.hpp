#pragma once

#include <map>
#include <memory>
#include <string>
#include <unordered_set>
#include <vector>

#include "harness/data/environment_pool.hpp"
#include "harness/plan/memory_budget.hpp"
#include "harness/run/pack_checkpoint.hpp"
#include "harness/run/provenance_maker.hpp"
#include "harness/store/stored_facts.hpp"
#include "harness/suite/compact_trials.hpp"
#include "harness/suite/trial_id.hpp"
#include "spurion/run.hpp"

namespace spurion::harness {

/// What is asked for, checked: everything that can be wrong with the input of a run is found
/// before the output folder is touched.
struct CheckedRun {
  std::vector<TrialSpec> trials;
  CompactTrials compact;                         ///< in place of `trials` while results are held
  std::vector<TrialId> ids;                      ///< of the trials, in their order
  std::shared_ptr<EnvironmentPool> pool;         ///< environments, each built once
  std::map<std::string, std::string> context;    ///< facts of the run to store
  std::map<std::string, std::string> data;       ///< hashes of recorded rows, by their names
  std::shared_ptr<ProvenanceMaker> maker;        ///< says what makes the trials
  std::shared_ptr<const Provenance> only_maker;  ///< what makes all of them; null: not known
  std::int64_t jobs = 1;
  std::int64_t distinct = 0;  ///< of the trials, each once
  /// Once it ran, where no trial was left to run: what the store holds, for `read_identified`.
  std::shared_ptr<StoreContent> found;
};

/// Throws `UsageError`, `DataError` or `StoreError` for what a run would refuse.
SPURION_API CheckedRun check_run(const Suite& suite, const Catalog& catalog,
                                 const RunOptions& options);

/// The first part of it: the trials of a suite, all shards of them, and what makes them. The folder
/// of the results and the questions are not looked at. Throws `UsageError` or `DataError`.
SPURION_API CheckedRun expand_run(const Suite& suite, const Catalog& catalog,
                                  const RunOptions& options);

/// Runs what was checked, all of it (run_by_looks.hpp runs suites that may stop early). Uses up the
/// trials of `run`.
SPURION_API Progress run_checked(CheckedRun& run, const RunOptions& options);

/// What a run will do, given what the folder holds.
struct RunPlan {
  std::vector<Pack> packs;  ///< those that were stopped in the middle first
  MemoryBudget budget;
  CheckpointPlan checkpoints;
  std::int64_t distinct = 0;  ///< trials of the suite, each once
  std::int64_t found = 0;     ///< of them in the store, and kept
  /// Of them in the store, to be dropped and made again.
  std::unordered_set<TrialId, TrialIdHash> again;
};

/// Uses up the trials of `run`; where the store keeps results of all of them, these get their
/// specs. Throws `UsageError` where something else made trials of the suite
/// (`RunOptions::changed`) or a trial does not fit the memory, `DataError` where its rows have
/// changed.
SPURION_API RunPlan plan_run(CheckedRun& run, const StoredFacts& stored, const RunOptions& options);

}  // namespace spurion::harness
