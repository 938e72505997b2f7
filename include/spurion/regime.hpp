#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "spurion/access.hpp"
#include "spurion/adaptation.hpp"
#include "spurion/archive.hpp"
#include "spurion/environment.hpp"
#include "spurion/method.hpp"
#include "spurion/trial.hpp"

namespace spurion {

/// One phase of a stream: a part with one distribution.
struct Phase {
  Domain domain;  ///< named "phase_0", "phase_1", ...
  /// Applied to every row. Example: resampling the cue, if no shift makes the cue uninformative.
  Intervention intervention;
  /// Number of earlier phases that are evaluated after this one, log-spaced by age; 0: all.
  std::int64_t max_past_phases_evaluated = 0;
  /// Training domains of this phase, if there are several; else empty. In phase 0 they are the
  /// train domains. The phase is evaluated in `domain`, the first of them.
  std::vector<Domain> trained_on = {};
};

/// The ceilings of a phase in `environment`. If the phase resamples every cue, no cue is
/// informative, and the Bayes ceiling equals the invariant one.
SPURION_API Ceilings phase_ceilings(const Environment& environment, const Phase& phase);

/// Saves the state of a run. The harness implements it; a regime offers its state.
class SPURION_API Checkpoint {
 public:
  virtual ~Checkpoint() = default;
  using Visit = std::function<void(StateVisitor&)>;  ///< What saves or restores a place.
  /// Call it between two updates: it saves all state when a save is due. `where` visits the state
  /// of the regime.
  virtual void offer(const Visit& where) = 0;
  /// Call it at the start: it restores all state and returns true if there is a saved state.
  virtual bool resume(const Visit& where) = 0;
};

/// What a regime knows of the K trials that train together. Their tensors have the same shapes; the
/// trials may differ in seed and in per-replica hyper-parameters.
struct RegimeContext {
  std::vector<std::shared_ptr<const Environment>> environments;  ///< [K]; equal pointers share rows
  std::vector<RandomKey> order_keys;                             ///< [K]: minibatch order
  TrainingOptions training;                                      ///< the options of the suite
  EvaluationOptions evaluation;                                  ///< the options of the suite
  /// True if full-batch steps may use `Batch::linear`: the model is linear and the method needs no
  /// logits.
  bool linear_risks = false;
  /// Null if no state is saved.
  Checkpoint* checkpoint = nullptr;
};

/// What one evaluation covers.
enum class EvaluationScope {
  domains,  ///< the train domains and the test domain
  full      ///< also the shift curve, the phases of a stream, and coefficients
};

/// The counts of one update.
struct UpdateCounts {
  std::int64_t rows = 0;                      ///< rows of the minibatch of each replica
  std::vector<std::int64_t> new_labels = {};  ///< [K]: labels revealed for the first time
  /// [K]: rows of the minibatch with weight 0, which enter no gradient; empty: none.
  std::vector<std::int64_t> zero_weight_rows = {};
  /// [K]: operations since the last update beside those of the method, such as passes that chose
  /// actions. They count towards the cost of the trial; empty: none.
  std::vector<double> flops = {};
};

/// Evaluates the replicas. The harness implements it; a regime decides when.
class SPURION_API Evaluator {
 public:
  virtual ~Evaluator() = default;
  /// Evaluates every replica that is still training. `phase` labels the measurements.
  virtual void measure(ReplicaTrainer& trainer, std::int64_t phase, EvaluationScope scope) = 0;
  /// Records a number [K] (float64) that the regime computed, for example prequential accuracy,
  /// once for each phase, step, domain and name. The domain needs a name of the regime's own, such
  /// as "stream". Throws `PluginError` for a domain that `measure` evaluates.
  virtual void record(const ReplicaTrainer& trainer, std::int64_t phase, const Domain& domain,
                      const std::string& metric, const Tensor& values) = 0;
  /// Multiplies the inputs of every later evaluation by `mask`, [K, ...input_shape]: what a policy
  /// that is conditioned on a causal graph is shown. Undefined: nothing is changed.
  virtual void mask_inputs(const Tensor& mask) = 0;
  /// From what later evaluations tell how far the training has gone, in place of what the method
  /// says (`Method::reference`). default: ignored.
  virtual void set_reference(const ReferenceModel& reference);
  /// What the probe with this label in the trial's `evaluation.probes` says of the trained models
  /// now: mean over cues and train domains of the reliance in [0, 1], on validation rows, float64
  /// [K]; not a number where it cannot tell. Nothing is stored. default: throws `UsageError`, since
  /// there are no probes.
  [[nodiscard]] virtual Tensor probe_reliance(ReplicaTrainer& trainer, const std::string& label);
  /// Counts one update. Throws `Interrupted` if the user stopped the run.
  virtual void count_update(const ReplicaTrainer& trainer, const UpdateCounts& counts) = 0;
  /// For a minibatch without zero-weight rows: its rows, and the labels revealed for the first
  /// time.
  void count_update(const ReplicaTrainer& trainer, std::int64_t rows, std::int64_t new_labels) {
    count_update(
        trainer, rows,
        std::vector<std::int64_t>(static_cast<std::size_t>(trainer.replicas()), new_labels));
  }
  /// The same with a number of new labels for each replica, [K].
  void count_update(const ReplicaTrainer& trainer, std::int64_t rows,
                    std::vector<std::int64_t> new_labels) {
    count_update(trainer, UpdateCounts{rows, std::move(new_labels), {}});
  }
};

/// A training regime: when data arrive, and what a method may learn from them.
class SPURION_API Regime {
 public:
  virtual ~Regime() = default;
  /// What a method may see under this regime.
  [[nodiscard]] virtual Access grants() const = 0;
  /// Whether it has a fixed training set that methods may go over (`RowRequest`), and held-out rows
  /// of the train domains. It then honours `Method::row_request` and calls
  /// `ReplicaTrainer::set_training_set`. default: false.
  [[nodiscard]] virtual bool has_training_set() const { return false; }
  /// Whether the learner acts, so that it needs an `InteractiveEnvironment`. `check` then refuses
  /// others. default: false.
  [[nodiscard]] virtual bool acts() const { return false; }
  /// Labels of the probes in the trial's `evaluation.probes` that it asks for
  /// (`Evaluator::probe_reliance`). A run refuses trials without them. default: none.
  [[nodiscard]] virtual std::vector<std::string> probes() const { return {}; }
  /// Number E of domains in each minibatch.
  [[nodiscard]] virtual std::int64_t batch_domains(const Environment& environment) const;
  /// Number of updates for `training.steps` = `steps`.
  [[nodiscard]] virtual std::int64_t updates(const Environment& environment,
                                             std::int64_t steps) const;
  /// Rows of each domain in one update, at most: memory and work are planned with it. default:
  /// `training.batch`, or all rows of `pooled_sets` training sets if that is 0 or more than they.
  [[nodiscard]] virtual std::int64_t minibatch_rows(const Environment& environment,
                                                    const TrainingOptions& training) const;
  /// The phases of the stream in order; trials are also evaluated on them. Training begins with the
  /// first. Empty if there is no stream.
  [[nodiscard]] virtual std::vector<Phase> schedule(const Environment& environment) const;
  /// The unlabelled rows that a method gets in each domain before an evaluation of this phase;
  /// none: the trained model is evaluated. A regime that gives some grants
  /// `Access::unlabelled_target`. default: none.
  [[nodiscard]] virtual std::optional<Adaptation> adaptation(std::int64_t phase) const;
  /// Throws `UsageError` if it cannot train in this environment: for example if the stream needs
  /// more rows than there are, or a phase has no step. Called for every configuration before a run.
  virtual void check(const Environment& /*environment*/,
                     const TrainingOptions& /*training*/) const {}
  /// Most bytes that it keeps for each replica, for example minibatches that wait for labels.
  [[nodiscard]] virtual double memory_bytes(const MemorySizes& /*sizes*/) const { return 0.0; }
  /// Number of training sets of `training.rows` rows that form one full batch. default: 1. It is
  /// more if the rows of several phases are pooled.
  [[nodiscard]] virtual std::int64_t pooled_sets(const Environment& /*environment*/) const {
    return 1;
  }
  /// Trains: gives minibatches to `method` and tells `evaluator` when to evaluate. Minibatches are
  /// in host memory; `method` moves them to the device of the trainer. The harness checks their
  /// shapes, and for plug-ins their labels. The trials fail if the regime never calls `measure`.
  virtual void run(const RegimeContext& context, Method& method, ReplicaTrainer& trainer,
                   Evaluator& evaluator) const = 0;
};

}  // namespace spurion
