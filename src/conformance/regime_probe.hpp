#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "spurion/regime.hpp"

/// \file
/// A method and an evaluator that write down what a regime does to them.

namespace spurion::conformance {

/// What the method of a regime saw.
struct Seen {
  std::int64_t updates = 0;
  std::int64_t rows = 0;             ///< of one replica
  std::set<std::string> distinct;    ///< bytes of the rows of replica 0
  std::vector<std::int64_t> phases;  ///< as announced
};

/// Minimises the mean risk and notes every batch. Fails a check when a batch is not what `needs`
/// and the context say.
class ProbeMethod final : public Method {
 public:
  ProbeMethod(std::int64_t domains, const Access& granted, Seen& seen)
      : domains_(domains), granted_(granted), seen_(&seen) {}

  void step(ReplicaTrainer& trainer, const Batch& batch) override;
  void begin_phase(ReplicaTrainer& trainer, std::int64_t phase) override;

 private:
  std::int64_t domains_;
  Access granted_;
  Seen* seen_;
};

/// Goes over the training set of a regime that says it has one, asks for validation rows, and after
/// some updates wants one row alone. Fails a check where it gets something else.
class TrainingSetProbe final : public Method {
 public:
  /// `unlabelled`: whether the regime grants unlabelled rows of the test domain.
  explicit TrainingSetProbe(bool unlabelled) : unlabelled_(unlabelled) {}
  [[nodiscard]] RowRequest row_request() const override;
  void step(ReplicaTrainer& trainer, const Batch& batch) override;
  /// Whether rows were drawn by weights in the end.
  [[nodiscard]] bool drew() const { return drawn_; }

 private:
  static constexpr std::int64_t kDrawAfter = 3;
  static constexpr std::int64_t kDrawn = 2;
  bool unlabelled_;
  bool drawn_ = false;
};

/// What a regime told its evaluator.
struct Told {
  std::int64_t updates = 0;
  std::int64_t rows = 0;
  std::int64_t labels = 0;
  std::int64_t full_measurements = 0;
  std::int64_t last_full_at = -1;  ///< updates made before it
  std::set<std::int64_t> phases;   ///< of full measurements
};

class ProbeEvaluator final : public Evaluator {
 public:
  explicit ProbeEvaluator(Told& told) : told_(&told) {}

  void measure(ReplicaTrainer& trainer, std::int64_t phase, EvaluationScope scope) override;
  void record(const ReplicaTrainer& trainer, std::int64_t phase, const Domain& domain,
              const std::string& metric, const Tensor& values) override;
  void mask_inputs(const Tensor& /*mask*/) override {}
  using Evaluator::count_update;
  void count_update(const ReplicaTrainer& trainer, const UpdateCounts& counts) override;

 private:
  Told* told_;
};

}  // namespace spurion::conformance
