#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "spurion/catalog.hpp"
#include "spurion/store.hpp"
#include "spurion/suite.hpp"
#include "spurion/trial.hpp"

namespace spurion {

/// Trials that agree on everything that shapes tensors and run as the replicas of one batch.
struct Pack {
  std::vector<TrialSpec> trials;
  double flops = 0.0;         ///< expected
  double memory_bytes = 0.0;  ///< most it is expected to hold at once
};

/// The device of this name: "cpu", "cuda" (the first) or "cuda:N". Throws `UsageError` when there
/// is no device of that name, or this LibTorch has none.
SPURION_API Device named_device(const std::string& name);

/// Most trials of one pack where nobody says.
inline constexpr std::int64_t kUsualReplicas = 32;

struct PlanOptions {
  std::int64_t max_replicas = kUsualReplicas;
  double memory_bytes = 0.0;  ///< for the packs of all workers together; 0: unlimited
  std::int64_t jobs = 1;      ///< workers that share the packs
  Device device = c10::kCPU;  ///< on the processor packs are held to what its cache takes
};

/// Packs trials into batches, most expensive first. The result of a trial never depends on its
/// pack. Throws `UsageError` when a trial does not fit the memory alone.
SPURION_API std::vector<Pack> plan(const std::vector<TrialSpec>& trials, const Catalog& catalog,
                                   const DataSources& sources, const PlanOptions& options);

/// The same, without copies of the trials.
SPURION_API std::vector<Pack> plan(std::vector<TrialSpec>&& trials, const Catalog& catalog,
                                   const DataSources& sources, const PlanOptions& options);

/// Exactly these trials as one pack.
SPURION_API Pack pack_of(const std::vector<TrialSpec>& trials, const Catalog& catalog,
                         const DataSources& sources);

/// Runs one pack in the calling thread. `stop` (may be null) asks for an `Interrupted` at the next
/// update.
SPURION_API std::vector<TrialResult> run_pack(const Pack& pack, const Catalog& catalog,
                                              const std::shared_ptr<const DataSources>& sources,
                                              const std::atomic<bool>* stop,
                                              const std::function<void(double)>& progress,
                                              Device device = c10::kCPU);

/// How far a run is; given to the progress callback from one thread at a time.
struct Progress {
  std::int64_t trials_total = 0;
  std::int64_t trials_done = 0;   ///< including those found in the store
  std::int64_t trials_found = 0;  ///< already in the store
  std::int64_t diverged = 0;
  std::int64_t failed = 0;
  double share = 0.0;  ///< of the work of this run, 0..1
  double seconds = 0.0;
  double seconds_left = 0.0;        ///< estimate; negative when unknown
  WorkTimes times;                  ///< of this run's workers
  std::int64_t trials_changed = 0;  ///< dropped and made again: something else had made them
  /// What the user should know, a sentence each: damage that was found, states not kept.
  std::vector<std::string> notes;
};

/// What becomes of trials in the store that were made by another build of spurion or of a plug-in,
/// with other libraries, or on a processor with other instruction sets: their numbers may differ.
enum class Changed {
  refuse,  ///< the run
  rerun,   ///< they are dropped and made again
  allow    ///< they are kept, which every report tells; never those of another plug-in or device
};

struct RunOptions {
  std::filesystem::path out;
  std::int64_t jobs = 0;  ///< workers; 0: one per core, or one on a device other than the processor
  /// Where models are trained and evaluated. Rows are made in host memory, and metrics and stores
  /// are kept there; `memory_bytes` is about host memory alone.
  Device device = c10::kCPU;
  std::int64_t max_replicas = kUsualReplicas;
  double memory_bytes = 0.0;  ///< of the whole process; 0: half of RAM
  std::filesystem::path data_directory;
  /// How often the state of trials in training is kept in `out`/checkpoints, so that a killed run
  /// goes on inside them to the same bits; negative: never.
  double checkpoint_seconds = 60.0;
  Changed changed = Changed::refuse;
  /// Set by a signal handler: the running batches finish their transaction, then `Interrupted`.
  const std::atomic<bool>* stop = nullptr;
  std::function<void(const Progress&)> progress;
};

/// Runs what the store does not hold yet, one single-threaded worker per core. Throws `Interrupted`
/// when stopped; the same call resumes. Throws `ResourceError` where the machine has too little
/// memory or too few threads. Throws `UsageError` when the store holds trials of the suite that
/// something else made, such as another kind of device (`Changed`), and `DataError` when it holds
/// trials of other rows of the same file. Damaged trials are made again.
SPURION_API Progress run_suite(const Suite& suite, const Catalog& catalog,
                               const RunOptions& options);

}  // namespace spurion
