#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "regimes/shared/prequential.hpp"
#include "regimes/shared/stream_loop.hpp"
#include "regimes/shared/stream_source.hpp"
#include "regimes/shared/tuning.hpp"

namespace spurion::regimes {

/// What the regimes that train on a stream share.
struct OnlineStreamOptions : TrajectoryOptions, TuningOptions {
  std::int64_t windows = 20;

  static const Schema<OnlineStreamOptions>& schema() {
    static const auto schema =
        Schema<OnlineStreamOptions>()
            .include(TrajectoryOptions::schema())
            .include(TuningOptions::schema())
            .field(
                "windows", &OnlineStreamOptions::windows,
                "Number of windows of each phase. Prequential scores are averaged within a window.",
                between(1, 1e6));
    return schema;
  }
};

/// Throws `UsageError` if a pool has fewer rows than the stream. If it started again, the model
/// would predict rows that it had already learned from.
void require_rows(const TrajectoryOptions& options, const TrainingOptions& training,
                  const Environment& environment);

/// Test-then-train. Phase 0 trains on the train domains, as `continual` does. Then each row comes
/// once, `training.batch` rows of each slot at a time (0: one). The model predicts every minibatch
/// before it learns from it. The derived regime decides what it learns. A finite pool must have all
/// rows of the stream.
class OnlineStream : public PhaseBody {
 public:
  /// Throws `UsageError` if an environment has fewer rows than the stream needs.
  OnlineStream(Run& run, const OnlineStreamOptions& options);

  void prepare(std::int64_t phase, std::int64_t steps) final;
  void enter(std::int64_t phase) final { tuning_.enter(phase); }
  /// Phase 0 has a schedule, the stream another: nobody tells a learner that a stream shifts.
  [[nodiscard]] std::int64_t schedule_updates(std::int64_t phase, std::int64_t steps) const final;
  void step(std::int64_t phase, std::int64_t step) final;
  void visit_state(StateVisitor& visit) override;

 protected:
  /// Rows of a phase: first row of the batch in the phase's own stream, counted per slot.
  struct Place {
    std::int64_t phase = 0;
    std::int64_t first = 0;
  };
  /// What is predicted, [K, E * B] as `losses::predict` gives, from logits [K, E * B, C].
  virtual Tensor choose(const Batch& batch, const Tensor& logits, const Place& place);
  /// Learns from a minibatch after its predictions `choice`.
  virtual void learn(const Batch& batch, const Tensor& logits, const Tensor& choice,
                     const Place& place) = 0;
  /// Called when the stream of a phase is set up.
  virtual void open(const SlotFunction& /*slots*/, std::int64_t /*rows*/) {}
  /// Called at the end of each window, for further numbers of the regime.
  virtual void close_window(std::int64_t /*phase*/) {}
  /// One update on `batch`, with this number of new labels.
  void update(const Batch& batch, std::int64_t new_labels);
  /// The same with different numbers for each replica.
  void update(const Batch& batch, const UpdateCounts& counts);

  Run* run_;
  const OnlineStreamOptions* options_;

 private:
  Tuning tuning_;
  Prequential prequential_;
  std::unique_ptr<RowSource> training_set_;
  std::unique_ptr<StreamSource> stream_;
};

/// Runs a body over the phases of its options.
void run_online(Run& run, const TrajectoryOptions& options, PhaseBody& body);

/// Rows `index` [K, E, q] (of each slot) of a batch.
Batch select_rows(const Batch& batch, const Tensor& index);

}  // namespace spurion::regimes
