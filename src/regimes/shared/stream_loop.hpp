#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "regimes/shared/row_source.hpp"
#include "regimes/shared/trajectory.hpp"
#include "spurion/method.hpp"
#include "spurion/regime.hpp"

namespace spurion::regimes {

/// What a run consists of.
struct Run {
  const RegimeContext& context;
  Method& method;
  ReplicaTrainer& trainer;
  Evaluator& evaluator;
};

/// What a regime does in a phase. Whatever it prepares depends only on the phase, so a resumed run
/// can prepare it again; it visits all other state.
class PhaseBody {
 public:
  virtual ~PhaseBody() = default;
  /// Prepares a phase with this number of steps; also called when a run resumes inside the phase.
  virtual void prepare(std::int64_t phase, std::int64_t steps) = 0;
  /// Called once, before the method learns that the phase begins.
  virtual void enter(std::int64_t /*phase*/) {}
  /// Whether the method learns that the phase begins.
  [[nodiscard]] virtual bool announces(std::int64_t /*phase*/) const { return true; }
  /// Number of updates over which a schedule of the learning rate runs that begins with the phase,
  /// which has `steps` steps; 0: the one that began earlier goes on. default: a schedule for each
  /// phase.
  [[nodiscard]] virtual std::int64_t schedule_updates(std::int64_t /*phase*/,
                                                      std::int64_t steps) const {
    return steps;
  }
  virtual void step(std::int64_t phase, std::int64_t step) = 0;
  virtual void visit_state(StateVisitor& /*visit*/) {}
};

/// Runs the phases: begins schedules, announces each to the method, evaluates after each, and saves
/// checkpoints between steps. `steps_of`: number of steps of a phase.
void run_phases(Run& run, std::int64_t phases,
                const std::function<std::int64_t(std::int64_t)>& steps_of, PhaseBody& body);

/// Evaluates before an update of a phase if `evaluation.every` says so, and returns whether it did.
bool measure_on_the_way(Run& run, std::int64_t phase, std::int64_t step);
/// One update from a minibatch of a training set.
void train_step(Run& run, RowSource& source, std::int64_t step);
/// Both: one update from a minibatch of a training set; evaluates before it if `evaluation.every`
/// says so.
void fit_step(Run& run, RowSource& source, std::int64_t phase, std::int64_t step);

/// The slots of a phase. Phase 0 has one for each train domain. Later phases have equally many, all
/// of the domain of the phase. Each slot has `rows` rows after the `before` rows of earlier phases
/// after phase 0, so phases share no rows while the pool lasts.
SlotFunction phase_slots(const TrajectoryOptions& options, std::int64_t phase, std::int64_t rows,
                         std::int64_t before);
/// The same if every phase after phase 0 has `rows` rows in each slot.
inline SlotFunction phase_slots(const TrajectoryOptions& options, std::int64_t phase,
                                std::int64_t rows) {
  return phase_slots(options, phase, rows, (phase - 1) * rows);
}
/// Throws `UsageError` if an environment cannot resample its cues, which `option` needs.
void require_resampling(const Environment& environment, const char* option);
/// The same slots with every cue resampled by intervention.
SlotFunction with_resampled_cues(SlotFunction slots);

}  // namespace spurion::regimes
