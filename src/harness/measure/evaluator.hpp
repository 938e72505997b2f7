#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "harness/measure/counting_model.hpp"
#include "harness/measure/pack_scorer.hpp"
#include "spurion/catalog.hpp"
#include "spurion/interactive.hpp"
#include "spurion/regime.hpp"
#include "spurion/trial.hpp"

namespace spurion::harness {

class ProbeScorer;

/// Evaluates the replicas of one pack and collects the measurements of each.
class SPURION_API PackEvaluator final : public Evaluator {
 public:
  struct Options {
    EvaluationOptions evaluation;
    TrainingOptions training;
    double step_flops_per_row = 0.0;  ///< used unless `counted`
    /// Whether policies draw their actions when they are evaluated, as they do while they learn
    /// from rewards. Else the environment says it.
    bool samples_actions = false;
    const CountingModel* counted = nullptr;  ///< knows the operations of updates
    /// Says what is evaluated now; empty: the trained model.
    std::function<Evaluated(const ReplicaTrainer&)> evaluated;
    /// From what it tells how far the training has gone; empty: from nothing.
    std::function<std::optional<ReferenceModel>(const ReplicaTrainer&)> reference;
    /// The unlabelled rows to which the method adapts before an evaluation of a phase, if the
    /// regime gives some and the method adapts; empty: none ever.
    std::function<std::optional<Adaptation>(const ReplicaTrainer&, std::int64_t)> adaptation;
    /// What predicts after each of these batches, [K or 1, B, ...] on the device of the trainer;
    /// the last says whether each of them meets the model as it was trained.
    std::function<std::vector<Evaluated>(const ReplicaTrainer&, const std::vector<Tensor>&, bool)>
        adapted;
    /// What theory can be asked of a replica, before its training; empty: nothing of any.
    std::function<std::optional<TheoryRequest>(std::int64_t)> theory;
    const std::atomic<bool>* stop = nullptr;
    /// Called with the number of updates so far.
    std::function<void(std::int64_t)> progress;
  };

  PackEvaluator(const Catalog& catalog, const RegimeContext& context, std::vector<Phase> schedule,
                Options options);

  void measure(ReplicaTrainer& trainer, std::int64_t phase, EvaluationScope scope) override;
  void record(const ReplicaTrainer& trainer, std::int64_t phase, const Domain& domain,
              const std::string& metric, const Tensor& values) override;
  void mask_inputs(const Tensor& mask) override { scorer_.set_input_mask(mask); }
  void set_reference(const ReferenceModel& reference) override { regime_reference_ = reference; }
  [[nodiscard]] Tensor probe_reliance(ReplicaTrainer& trainer, const std::string& label) override;
  using Evaluator::count_update;
  void count_update(const ReplicaTrainer& trainer, const UpdateCounts& counts) override;

  /// Writes the ceilings of each replica's environment, and what theory predicts of the replica:
  /// phase 0, step 0.
  void record_ceilings();
  /// Call it after training: freezes replicas that diverged with finite numbers
  /// (divergence.hpp). `keys` [K] are those their parameters were initialised with.
  void judge_end(ReplicaTrainer& trainer, const std::vector<RandomKey>& keys);
  /// The reason why a replica was frozen here; empty if it was not.
  [[nodiscard]] const std::string& verdict(std::size_t replica) const { return ended_[replica]; }
  /// Whether `measure` was called.
  [[nodiscard]] bool measured() const { return measured_at_ >= 0; }
  [[nodiscard]] const std::vector<Measurement>& measurements(std::size_t replica) const {
    return measurements_[replica];
  }
  [[nodiscard]] const Cost& cost(std::size_t replica) const { return costs_[replica]; }
  /// What was measured and counted so far.
  void visit_state(StateVisitor& visit);

 private:
  using Values = MetricValues;

  /// Writes what theory predicts.
  void record_theory();
  /// What `measure` does once it is known what is evaluated.
  void measure_now(ReplicaTrainer& trainer, std::int64_t phase, EvaluationScope scope);
  /// Asks the method what is evaluated now.
  void ask_evaluated(const ReplicaTrainer& trainer);
  /// Asks the method for the reference model.
  void ask_reference(const ReplicaTrainer& trainer);
  /// Adds how far the predictions on these rows, and the parameters, are from the reference model,
  /// if there is one.
  void add_reference(const ReplicaTrainer& trainer, const DomainRowCount& rows,
                     Values& values) const;
  /// The probes of the trials, made when they are first asked for.
  [[nodiscard]] const ProbeScorer& probes();
  /// Adds what the probes find in a train domain, and the truth beside it.
  void add_probes(const ReplicaTrainer& trainer, const Domain& domain, Values& values);
  /// Makes the method adapt to unlabelled rows of a domain, which come after its validation rows,
  /// if it adapts now.
  void adapt_to(const ReplicaTrainer& trainer, const Domain& domain);
  /// Errors of the coefficients of a linear predictor.
  void measure_coefficients(const ReplicaTrainer& trainer, std::int64_t phase);
  /// Adds "shortcut_bias" if the environment knows `optimal_flip_rate`.
  void add_shortcut_bias(const Domain& domain, Values& values) const;

  void measure_train_domains(ReplicaTrainer& trainer, std::int64_t phase, EvaluationScope scope,
                             Values& id);
  void measure_test_domain(ReplicaTrainer& trainer, std::int64_t phase, EvaluationScope scope,
                           const Values& id);
  /// Scores for the selection of hyper-parameters, on validation rows: the mean over the train
  /// domains as domain "validation", and, for an oracle, the test domain as "validation_test". The
  /// worst group is that of any domain. `rows`: number of rows of each domain. A domain is left out
  /// if all its validation rows are test rows too.
  void measure_validation(ReplicaTrainer& trainer, std::int64_t phase);
  /// If there are several cues: domain "test_CUE", where one cue is shifted as in the test domain
  /// and the others are as in training. Robustness to one cue cannot hide reliance on another.
  void measure_each_cue(ReplicaTrainer& trainer, std::int64_t phase, const Values& id);
  void measure_shift_curve(ReplicaTrainer& trainer, std::int64_t phase);
  /// In an environment that answers to actions: runs the policies in the train domains, in the test
  /// domain and, in full scope, along the shift curve.
  void measure_acting(ReplicaTrainer& trainer, std::int64_t phase, EvaluationScope scope);
  /// Returns of the reference policies, and habits of the expert, in the train and test domains.
  [[nodiscard]] std::vector<Measurement> acting_references(const Environment& environment);
  /// Returns of the reference policies in a domain, worked out once.
  const ReferenceReturns& references(const Environment& environment, const Domain& domain);
  /// On a stream: evaluates all phases so far and the next one; after phase 0 all phases.
  void measure_phases(ReplicaTrainer& trainer, std::int64_t phase);
  /// Stores "cue_contribution": the score on a phase minus the score on the same rows with the
  /// informative cues of the phase randomised; 0 if no cue is informative.
  void measure_cue_contribution(ReplicaTrainer& trainer, const Phase& measured, Values& values);
  /// The rows and twins on which the reliance on a cue is measured.
  struct CueRows {
    std::string name;  ///< "cue_NAME"
    Domain domain;
    Intervention first;
    Intervention twin;
  };
  [[nodiscard]] std::vector<CueRows> cue_rows() const;
  /// Flip rate of each cue on the same rows after every phase, also for cues that were never paired
  /// with the label, as domain "cue_NAME".
  void measure_cues(ReplicaTrainer& trainer, std::int64_t phase);
  /// The shift of each cue in each phase: "shift_NAME". If there are several cues also
  /// "cue_strength_NAME", the distance from the shift at which the cue is uninformative, and
  /// "trained_cue_strength_NAME", the largest such distance in any domain the phase trains on.
  [[nodiscard]] std::vector<Measurement> cue_shifts(const std::vector<Phase>& schedule) const;
  /// For regression: "target_variance" on the evaluated rows of each phase and of each cue. It is
  /// the unit of cue contributions and flip rates. Unlike the ceilings it is known under every
  /// control shift.
  [[nodiscard]] std::vector<Measurement> target_variances(const Environment& environment,
                                                          const std::vector<Phase>& schedule) const;
  /// "evaluated_rows" of the domains that have fewer rows than `evaluation.rows`. All of their rows
  /// are evaluated, which the statistics must know.
  [[nodiscard]] std::vector<Measurement> short_domains(const Environment& environment,
                                                       const std::vector<Phase>& schedule) const;
  void store(const ReplicaTrainer& trainer, std::int64_t phase, const Domain& domain,
             const Values& values);
  void keep(const ReplicaTrainer& trainer, std::int64_t phase, const Domain& domain,
            const std::string& metric, const Tensor& values);
  /// Scores predictions as `PackScorer` does; freezes replicas whose logits are not finite.
  [[nodiscard]] Values score(ReplicaTrainer& trainer, const DomainRowCount& rows,
                             const ScoredInterventions& actions);
  /// Mean loss over the train domains, [K], on the evaluated training rows, or on held-out rows if
  /// there are none.
  [[nodiscard]] Tensor training_loss(const ReplicaTrainer& trainer) const;
  /// [K]: loss of a constant on those rows.
  [[nodiscard]] std::vector<double> constant_losses() const;
  /// Whether this class evaluates the domain of this name.
  [[nodiscard]] bool is_measured(const std::string& domain) const;
  /// Whether the mean of a number over the train domains is stored too.
  [[nodiscard]] bool averaged(const std::string& metric) const;
  void end(ReplicaTrainer& trainer, std::size_t replica, std::string why);
  [[nodiscard]] std::int64_t held_out_rows(const Domain& domain) const;

  const RegimeContext* context_;
  std::vector<Phase> schedule_;
  Options options_;
  PackScorer scorer_;
  std::vector<MetricInfo> columns_;  ///< declared by metrics, beside the numbers of `MetricId`
  std::shared_ptr<const ProbeScorer> probes_;
  const EnvironmentInfo* info_;
  Intervention twin_;
  Intervention causal_twin_;
  std::vector<std::vector<Measurement>> measurements_;
  std::vector<Cost> costs_;
  std::vector<std::string> ended_;                  // [K]: why a replica was frozen here
  Tensor last_loss_;                                // [K] training loss when it was measured last
  std::int64_t measured_at_ = -1;                   // updates made then
  std::optional<ReferenceModel> reference_;         // while it measures
  std::optional<ReferenceModel> regime_reference_;  // what the regime says
  std::optional<Adaptation> adapting_;              // while it measures what became of adaptation
  std::string adapted_to_;                          // name of the domain
  std::map<std::pair<const Environment*, std::string>, ReferenceReturns> references_;
  bool stopping_ = false;  // told to stop; the state can be saved before the next update
};

}  // namespace spurion::harness
