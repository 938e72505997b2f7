#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "regimes/shared/prequential.hpp"
#include "regimes/shared/stream_loop.hpp"
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

/// Throws `UsageError` where a pool has not all the rows of a stream. Begun anew, rows would be
/// predicted "before" they are learned from that were learned from long ago.
void require_rows(const TrajectoryOptions& options, const TrainingOptions& training,
                  const Environment& environment);

/// Test-then-train. Phase 0 trains on the train domains as `continual` does; then rows come once
/// each, `training.batch` of each slot at a time (0: one), and every batch is predicted before
/// anything is learned from it. What is learned from a
/// batch is for the derived regime to say. A finite pool must have the rows of the whole stream.
class OnlineStream : public PhaseBody {
 public:
  /// Throws `UsageError` where an environment has fewer rows than the stream takes.
  OnlineStream(Run& run, const OnlineStreamOptions& options);

  void prepare(std::int64_t phase, std::int64_t steps) final;
  void enter(std::int64_t phase) final { tuning_.enter(phase); }
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
  /// Learns from a batch whose predictions were `choice`.
  virtual void learn(const Batch& batch, const Tensor& logits, const Tensor& choice,
                     const Place& place) = 0;
  /// Called when the stream of a phase is set up, so that further rows of it can be.
  virtual void open(const SlotFunction& /*slots*/, std::int64_t /*rows*/) {}
  /// Called at the end of each window, for numbers of the regime's own.
  virtual void close_window(std::int64_t /*phase*/) {}
  /// One update on `batch`, of whose labels so many are new.
  void update(const Batch& batch, std::int64_t new_labels);
  /// The same where replicas differ in what they learn of its rows.
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
