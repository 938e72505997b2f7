#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "spurion/access.hpp"
#include "spurion/archive.hpp"
#include "spurion/environment.hpp"
#include "spurion/method.hpp"
#include "spurion/trial.hpp"

namespace spurion {

/// One stretch of a stream.
struct Phase {
  Domain domain;  ///< named "phase_0", "phase_1", ...
  /// Done to every row, such as resampling the cue in worlds whose dial has no neutral position.
  Intervention intervention;
  /// After this phase so many of those before it are measured, evenly spaced in the logarithm of
  /// their age, the last one among them; 0: all.
  std::int64_t max_past_phases_evaluated = 0;
  /// What is trained on in it, a domain a slot of a batch, where that is more than `domain`: all
  /// train domains in phase 0. `domain` is the first of them and where it is measured. Else empty.
  std::vector<Domain> trained_on = {};
};

/// The ceilings of a phase in `environment`. Where every cue is resampled it says nothing, so the
/// best any predictor can do is what the causal features give.
SPURION_API Ceilings phase_ceilings(const Environment& environment, const Phase& phase);

/// Keeps a run from being lost: the harness implements it, regimes say where they are.
class SPURION_API Checkpoint {
 public:
  virtual ~Checkpoint() = default;
  using Visit = std::function<void(StateVisitor&)>;
  /// Between two updates: saves everything when it is time to. `where` visits the regime's place.
  virtual void offer(const Visit& where) = 0;
  /// At the start: restores everything, if there is something to go on from. False otherwise.
  virtual bool resume(const Visit& where) = 0;
};

/// What a regime is told about the K trials of a batch. They agree on everything that shapes
/// tensors; they may differ in seed and per-replica hyper-parameters.
struct RegimeContext {
  std::vector<std::shared_ptr<const Environment>> environments;  ///< [K]; equal pointers share rows
  std::vector<RandomKey> order_keys;                             ///< [K]: minibatch order
  TrainingOptions training;
  EvaluationOptions evaluation;
  /// True when full-batch steps may be given as `Batch::linear`: the model is linear, and the
  /// method needs no logits.
  bool linear_risks = false;
  /// Null when nothing is kept.
  Checkpoint* checkpoint = nullptr;
};

/// How much is measured at once.
enum class EvaluationScope {
  domains,  ///< train domains and the test domain
  full      ///< these, the dial, the regime's schedule and coefficients
};

/// What one update took.
struct UpdateCounts {
  std::int64_t rows = 0;                      ///< of the batch, of each replica
  std::vector<std::int64_t> new_labels = {};  ///< [K]: revealed for the first time
  /// [K]: rows of the batch whose weight is 0, so that they entered no gradient; empty: none.
  std::vector<std::int64_t> zero_weight_rows = {};
};

/// Takes the measurements. The harness implements it; regimes say when.
class SPURION_API Evaluator {
 public:
  virtual ~Evaluator() = default;
  /// Measures every replica that is still training; `phase` labels the rows.
  virtual void measure(ReplicaTrainer& trainer, std::int64_t phase, EvaluationScope scope) = 0;
  /// Records a number [K] (float64) the regime worked out itself, such as prequential accuracy.
  /// Once for each phase, step, domain and name; the domain has a name of the regime's own, such as
  /// "stream": those that `measure` is about are refused. Throws `PluginError`.
  virtual void record(const ReplicaTrainer& trainer, std::int64_t phase, const Domain& domain,
                      const std::string& metric, const Tensor& values) = 0;
  /// Counts one update. Throws `Interrupted` when the run was told to stop.
  virtual void count_update(const ReplicaTrainer& trainer, const UpdateCounts& counts) = 0;
  /// Of a batch all of whose rows count: rows, and labels among them that were revealed for the
  /// first time.
  void count_update(const ReplicaTrainer& trainer, std::int64_t rows, std::int64_t new_labels) {
    count_update(
        trainer, rows,
        std::vector<std::int64_t>(static_cast<std::size_t>(trainer.replicas()), new_labels));
  }
  /// The same where replicas differ in the labels that are new to them, [K].
  void count_update(const ReplicaTrainer& trainer, std::int64_t rows,
                    std::vector<std::int64_t> new_labels) {
    count_update(trainer, UpdateCounts{rows, std::move(new_labels), {}});
  }
};

/// When data arrive and what may be learned from them.
class SPURION_API Regime {
 public:
  virtual ~Regime() = default;
  /// What a method may see under this regime.
  [[nodiscard]] virtual Access grants() const = 0;
  /// Number of domains E in the batches a method will see.
  [[nodiscard]] virtual std::int64_t batch_domains(const Environment& environment) const;
  /// Updates it makes where `training.steps` says `steps`.
  [[nodiscard]] virtual std::int64_t updates(const Environment& environment,
                                             std::int64_t steps) const;
  /// The phases of a stream in order, on which trials are measured too; the first is where training
  /// begins. Empty when there is no stream.
  [[nodiscard]] virtual std::vector<Phase> schedule(const Environment& environment) const;
  /// Throws `UsageError` where it cannot train so in an environment: a stream longer than the rows
  /// there are, a phase without a step. Asked of every setting before anything runs.
  virtual void check(const Environment& /*environment*/,
                     const TrainingOptions& /*training*/) const {}
  /// Bytes it keeps of each replica at most, such as batches whose labels are not there yet.
  [[nodiscard]] virtual double memory_bytes(const MemorySizes& /*sizes*/) const { return 0.0; }
  /// Training sets of `training.rows` a slot that are one to a full batch: more than one where the
  /// rows of several phases are pooled.
  [[nodiscard]] virtual std::int64_t pooled_sets(const Environment& /*environment*/) const {
    return 1;
  }
  /// Trains: drives `method` over rows of the environments and tells `evaluator` when to measure.
  /// Batches are made in host memory; the method given takes them to where the trainer is. What
  /// `ReplicaTrainer::forward` gives is there too. Their shapes, and the labels in those of a
  /// plug-in, are looked at. A regime that never calls `measure` fails its trials.
  virtual void run(const RegimeContext& context, Method& method, ReplicaTrainer& trainer,
                   Evaluator& evaluator) const = 0;
};

}  // namespace spurion
