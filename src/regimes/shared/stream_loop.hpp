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

/// What a regime does in its phases. Everything it prepares is a function of the phase alone, so
/// that a stopped run finds it again; what it remembers besides, it visits.
class PhaseBody {
 public:
  virtual ~PhaseBody() = default;
  /// Makes ready for a phase of so many steps; called again when a stopped run goes on inside it.
  virtual void prepare(std::int64_t phase, std::int64_t steps) = 0;
  /// Called once, before the method is told of the phase.
  virtual void enter(std::int64_t /*phase*/) {}
  /// Whether the method learns of the phase.
  [[nodiscard]] virtual bool announces(std::int64_t /*phase*/) const { return true; }
  virtual void step(std::int64_t phase, std::int64_t step) = 0;
  virtual void visit_state(StateVisitor& /*visit*/) {}
};

/// Goes through the phases, tells the method, measures after each, and keeps checkpoints between
/// steps. `steps_of` says how many steps a phase has.
void run_phases(Run& run, std::int64_t phases,
                const std::function<std::int64_t(std::int64_t)>& steps_of, PhaseBody& body);

/// Makes updates from minibatches of a training set, measuring every so often where the evaluation
/// options say so.
void fit_step(Run& run, RowSource& source, std::int64_t phase, std::int64_t step);

/// The slots of a phase: in phase 0 one for each train domain; later as many slots, all of the
/// phase's own domain, each with `rows` rows of its own after the `before` that each slot had in
/// earlier later phases: disjoint from theirs while the pool lasts.
SlotFunction phase_slots(const TrajectoryOptions& options, std::int64_t phase, std::int64_t rows,
                         std::int64_t before);
/// Where every later phase has `rows` rows a slot.
inline SlotFunction phase_slots(const TrajectoryOptions& options, std::int64_t phase,
                                std::int64_t rows) {
  return phase_slots(options, phase, rows, (phase - 1) * rows);
}
/// Throws `UsageError` where an environment cannot resample its cues, as `option` needs.
void require_resampling(const Environment& environment, const char* option);
/// The same slots with every cue resampled by intervention.
SlotFunction with_resampled_cues(SlotFunction slots);

}  // namespace spurion::regimes
