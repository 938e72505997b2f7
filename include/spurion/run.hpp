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

/// Trials that train together, as the replicas of one model. Their tensors have the same shapes.
struct Pack {
  std::vector<TrialSpec> trials;  ///< the trials, in the order of the replicas
  double flops = 0.0;             ///< expected
  double memory_bytes = 0.0;      ///< expected peak
};

/// The device of this name: "cpu", "cuda" (the first) or "cuda:N". Throws `UsageError` if there is
/// no such device or LibTorch does not support it.
SPURION_API Device named_device(const std::string& name);

/// Default limit of the trials that train together. On the CPU the cache and the memory mostly set
/// a lower one; this holds packs of small models to a size that workers can share.
inline constexpr std::int64_t kDefaultReplicas = 128;

/// How trials are grouped into packs.
struct PlanOptions {
  std::int64_t max_replicas = kDefaultReplicas;  ///< most trials of a pack
  double memory_bytes = 0.0;                     ///< of all workers together; 0: unlimited
  std::int64_t jobs = 1;                         ///< workers that share the packs
  Device device = c10::kCPU;  ///< on the CPU, packs are limited by the size of the cache
};

/// Groups trials into packs, the most expensive first. The result of a trial does not depend on its
/// pack. Throws `UsageError` if a single trial does not fit into the memory.
SPURION_API std::vector<Pack> plan(const std::vector<TrialSpec>& trials, const Catalog& catalog,
                                   const DataSources& sources, const PlanOptions& options);

/// The same, without copies of the trials.
SPURION_API std::vector<Pack> plan(std::vector<TrialSpec>&& trials, const Catalog& catalog,
                                   const DataSources& sources, const PlanOptions& options);

/// Exactly these trials as one pack.
SPURION_API Pack pack_of(const std::vector<TrialSpec>& trials, const Catalog& catalog,
                         const DataSources& sources);

/// Whose trained parameters are kept as files, and where.
///
/// The file FOLDER/ID.pt of a trial is a dictionary that `torch.load` reads in Python and
/// `torch::pickle_load` in C++: "state_dict" (parameters by the names of `Model::layout`, those of
/// an ensemble below "member0." and so on), "trial" (its canonical form, JSON) and "evaluated"
/// (what of it made the final scores, a sentence). Each is written whole or not at all.
struct KeptModels {
  std::filesystem::path folder = {};  ///< empty: none are kept
  /// Whether those of a trial are kept; empty: those of all trials.
  std::function<bool(const TrialSpec&)> chosen = {};
};

/// How one pack is run.
struct PackOptions {
  const std::atomic<bool>* stop = nullptr;    ///< once set, the next update throws `Interrupted`
  std::function<void(double)> progress = {};  ///< told the share of the updates made, 0..1
  Device device = c10::kCPU;                  ///< where the models are trained
  KeptModels keep_models = {};                ///< whose trained parameters are kept
};

/// Runs one pack in the calling thread. Throws `Interrupted` if it was told to stop.
SPURION_API std::vector<TrialResult> run_pack(const Pack& pack, const Catalog& catalog,
                                              const std::shared_ptr<const DataSources>& sources,
                                              const PackOptions& options = {});

/// The progress of a run. Threads call the progress callback one at a time.
struct Progress {
  std::int64_t trials_total = 0;    ///< trials of the run
  std::int64_t trials_done = 0;     ///< including trials found in the store
  std::int64_t trials_found = 0;    ///< already in the store
  std::int64_t diverged = 0;        ///< trials that diverged
  std::int64_t failed = 0;          ///< trials that failed
  double share = 0.0;               ///< of the work of this run, 0..1
  double seconds = 0.0;             ///< since the run began
  double seconds_left = 0.0;        ///< estimate; negative when unknown
  WorkTimes times;                  ///< of this run's workers
  std::string look;                 ///< "look 2 of 3" of a suite that may stop early; empty: none
  std::int64_t trials_changed = 0;  ///< run again because something else had made them (`Changed`)
  /// Notes for the user, one sentence each: damage in the store, states that could not be saved.
  std::vector<std::string> notes;
};

/// What to do with stored trials that another build of spurion or of a plug-in, other libraries, or
/// a CPU with other instruction sets made. Their numbers may differ.
enum class Changed {
  refuse,  ///< refuse the run
  rerun,   ///< run them again
  allow    ///< keep them, and say so in every report; not for another plug-in or device
};

/// A part of the trials of a suite, for one of several machines.
struct Shard {
  std::int64_t number = 1;  ///< 1 to `of`
  std::int64_t of = 1;      ///< shards that the suite is split into; 1: it is not split
};

/// How a suite is run, and where its results go.
struct RunOptions {
  std::filesystem::path out;  ///< folder of the results
  std::int64_t jobs = 0;      ///< workers; 0: one for each core, or one on a GPU
  /// Device of training and evaluation. Rows, metrics and stores stay in host memory;
  /// `memory_bytes` limits host memory only.
  Device device = c10::kCPU;
  std::int64_t max_replicas = kDefaultReplicas;  ///< most trials of a pack
  double memory_bytes = 0.0;  ///< of the whole process; 0: half of the memory of the machine
  /// Folder of the image data; empty: `$SPURION_DATA` or the default.
  std::filesystem::path data_directory;
  /// Seconds between two saves of the trials in training, in `out`/checkpoints. A killed run
  /// resumes from there and gives the same bits. Negative: never.
  double checkpoint_seconds = 60.0;
  Changed changed = Changed::refuse;  ///< what to do with trials that something else made
  Shard shard = {};                   ///< default: all trials. Not of a suite that may stop early
  /// Whose trained parameters are kept. Trials that are in the store already have no file: they are
  /// not trained again.
  KeptModels keep_models = {};
  /// A signal handler may set it. The run then stores what is finished and throws `Interrupted`.
  const std::atomic<bool>* stop = nullptr;
  /// Called after each pack and, now and then, within one.
  std::function<void(const Progress&)> progress;
};

/// Runs the trials that are not yet in the store, with one single-threaded worker for each core.
/// Damaged trials run again. Throws:
///  - `Interrupted` if the user stopped the run; the same call resumes it;
///  - `ResourceError` if the machine has too little memory or too few threads;
///  - `UsageError` if the suite asks what its trials cannot answer, before anything is trained, or
///  if
///    something else made trials of the store (`Changed`);
///  - `DataError` if a data file has changed since trials of the store were made;
///  - `StoreError` if the store or a file of parameters (`KeptModels`) cannot be written.
SPURION_API Progress run_suite(const Suite& suite, const Catalog& catalog,
                               const RunOptions& options);

}  // namespace spurion
