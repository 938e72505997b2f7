#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "spurion/catalog.hpp"
#include "spurion/regime.hpp"
#include "spurion/trial.hpp"

namespace spurion {

/// How twins of a cue are made: flipped, else resampled; none where neither is possible.
Intervention usual_twin(const Environment& environment, const std::string& cue);
/// 0 for the invariant predictor's score in the test domain, 1 for that of the cue; nothing where
/// the two do not differ or one of them is not known.
std::optional<double> confusion_index(const Environment& environment, double test_score);
/// The ceilings of the test domain, the dial points and, averaged, the train domains ("id"); phase
/// 0, step 0. Those that are not known are left out.
std::vector<Measurement> ceilings_of(const Environment& environment);

/// Measures the replicas of one pack and collects what it finds, replica by replica.
class PackEvaluator final : public Evaluator {
 public:
  struct Options {
    EvaluationOptions evaluation;
    TrainingOptions training;
    double step_flops_per_row = 0.0;
    const std::atomic<bool>* stop = nullptr;
    /// Called with the updates made so far.
    std::function<void(std::int64_t)> progress;
  };

  PackEvaluator(const Catalog& catalog, const RegimeContext& context, std::vector<Domain> schedule,
                Options options);

  void measure(Trainee& trainee, std::int64_t phase, Detail detail) override;
  void record(const Trainee& trainee, std::int64_t phase, const Domain& domain,
              const std::string& metric, const Tensor& values) override;
  void count_update(const Trainee& trainee, std::int64_t rows, std::int64_t new_labels) override;

  /// Writes the ceilings of each replica's environment, phase 0, step 0.
  void record_ceilings();
  [[nodiscard]] const std::vector<Measurement>& measurements(std::size_t replica) const {
    return measurements_[replica];
  }
  [[nodiscard]] const Cost& cost(std::size_t replica) const { return costs_[replica]; }

 private:
  using Values = std::map<std::string, Tensor>;  // metric -> float64 [K]

  /// Scores predictions on rows of a domain; `twin` is what makes the twins, or none.
  Values score(Trainee& trainee, const Domain& domain, Purpose purpose, std::int64_t rows,
               const Intervention& intervention, const Intervention& twin);
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
  [[nodiscard]] Domain own(const Environment& environment, const Domain& domain) const;

  void measure_train_domains(Trainee& trainee, std::int64_t phase, Values& id);
  void measure_test_domain(Trainee& trainee, std::int64_t phase, const Values& id);
  /// In worlds with several cues: each shifted as in the test domain while the others stay as in
  /// training, as domain "test_CUE", so that resisting one does not hide reliance on another.
  void measure_each_cue(Trainee& trainee, std::int64_t phase, const Values& id);
  void measure_dial(Trainee& trainee, std::int64_t phase);
  void store(const Trainee& trainee, std::int64_t phase, const Domain& domain,
             const Values& values);
  [[nodiscard]] std::int64_t held_out_rows(const Domain& domain) const;

  const Catalog* catalog_;
  const RegimeContext* context_;
  std::vector<Domain> schedule_;
  Options options_;
  std::vector<const Environment*> distinct_;
  std::vector<std::size_t> source_;  // [K] index into distinct_
  const EnvironmentInfo* info_;
  Intervention twin_;
  std::vector<std::vector<Measurement>> measurements_;
  std::vector<Cost> costs_;
};

}  // namespace spurion
