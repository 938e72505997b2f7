#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "harness/counting_model.hpp"
#include "spurion/catalog.hpp"
#include "spurion/regime.hpp"
#include "spurion/trial.hpp"

namespace spurion {

/// Measures the replicas of one pack and collects what it finds, replica by replica.
class PackEvaluator final : public Evaluator {
 public:
  struct Options {
    EvaluationOptions evaluation;
    TrainingOptions training;
    double step_flops_per_row = 0.0;         ///< used unless `counted`
    const CountingModel* counted = nullptr;  ///< knows the operations of updates
    const std::atomic<bool>* stop = nullptr;
    /// Called with the updates made so far.
    std::function<void(std::int64_t)> progress;
  };

  PackEvaluator(const Catalog& catalog, const RegimeContext& context, std::vector<Phase> schedule,
                Options options);

  void measure(Trainee& trainee, std::int64_t phase, Detail detail) override;
  void record(const Trainee& trainee, std::int64_t phase, const Domain& domain,
              const std::string& metric, const Tensor& values) override;
  using Evaluator::count_update;
  void count_update(const Trainee& trainee, std::int64_t rows,
                    const std::vector<std::int64_t>& new_labels) override;

  /// Writes the ceilings of each replica's environment, phase 0, step 0.
  void record_ceilings();
  [[nodiscard]] const std::vector<Measurement>& measurements(std::size_t replica) const {
    return measurements_[replica];
  }
  [[nodiscard]] const Cost& cost(std::size_t replica) const { return costs_[replica]; }
  /// What was measured and counted so far.
  void visit_state(StateVisitor& visit);

 private:
  using Values = std::map<std::string, Tensor>;  // metric -> float64 [K]

  /// Scores predictions on rows of a domain; `twin` is what makes the twins, or none. `causal_twin`
  /// makes twins in which the causal variable changes instead; where it is given, also measures the
  /// use that is made of either variable.
  Values score(Trainee& trainee, const Domain& domain, Purpose purpose, std::int64_t rows,
               const Intervention& intervention, const Intervention& twin,
               const Intervention& causal_twin = Intervention::none());
  /// The rows of each distinct environment.
  [[nodiscard]] std::vector<Sample> samples(const Domain& domain, Purpose purpose,
                                            std::int64_t count,
                                            const Intervention& intervention) const;
  /// One member of these rows for every replica: [K or 1, count, ...]; undefined when they have
  /// none.
  [[nodiscard]] Tensor gather(const std::vector<Sample>& samples, Tensor Sample::*member,
                              RowRange range) const;
  /// Logits of every replica on its rows, [K, B, C]. Replicas that share rows are predicted
  /// together, without copies of the rows.
  [[nodiscard]] Tensor predict(const Trainee& trainee, const std::vector<Sample>& samples,
                               RowRange range) const;
  /// The domain in an environment of another data seed; `own_setting`: but for its drift.
  [[nodiscard]] Domain own(const Environment& environment, const Domain& domain) const;
  [[nodiscard]] Domain own_setting(const Environment& environment, const Domain& domain) const;

  /// Adds "shortcut_bias" where the environment knows how far the best predictor leans on the cue.
  void add_shortcut_bias(const Domain& domain, Values& values) const;

  void measure_train_domains(Trainee& trainee, std::int64_t phase, Detail detail, Values& id);
  void measure_test_domain(Trainee& trainee, std::int64_t phase, Detail detail, const Values& id);
  /// In worlds with several cues: each shifted as in the test domain while the others stay as in
  /// training, as domain "test_CUE", so that resisting one does not hide reliance on another.
  void measure_each_cue(Trainee& trainee, std::int64_t phase, const Values& id);
  void measure_dial(Trainee& trainee, std::int64_t phase);
  /// On a stream: every phase met so far and the next; after phase 0 all of them.
  void measure_phases(Trainee& trainee, std::int64_t phase);
  /// The new-test trap: the score on a phase, minus that on the same rows with its cue randomised
  /// (all of them where several say something). What of the score is owed to cues.
  void measure_trap(Trainee& trainee, const Phase& measured, Values& values);
  /// How far predictions follow each cue, on the same rows after every phase, whether or not it was
  /// ever paired with the label: as domain "cue_NAME".
  void measure_cues(Trainee& trainee, std::int64_t phase);
  /// Where the cues stand in each phase: "position_NAME", and "offset_NAME" from the neutral
  /// position in worlds with several.
  [[nodiscard]] std::vector<Measurement> cue_positions(const std::vector<Phase>& schedule) const;
  void store(const Trainee& trainee, std::int64_t phase, const Domain& domain,
             const Values& values);
  [[nodiscard]] std::int64_t held_out_rows(const Domain& domain) const;

  const Catalog* catalog_;
  const RegimeContext* context_;
  std::vector<Phase> schedule_;
  Options options_;
  std::vector<const Environment*> distinct_;
  std::vector<std::size_t> source_;  // [K] index into distinct_
  const EnvironmentInfo* info_;
  Intervention twin_;
  Intervention causal_twin_;
  std::vector<std::vector<Measurement>> measurements_;
  std::vector<Cost> costs_;
};

}  // namespace spurion
