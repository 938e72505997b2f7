#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "spurion/regime.hpp"
#include "spurion/schema.hpp"

namespace spurion::regimes {

/// Where the cues stand over a stream: a value in the suite file that every streaming regime
/// shares, so that they compare. Phase 0 is where training begins; the others follow.
///
/// `trajectory`, in environments of any kind:
///  - `listed`: `phases` of the dial, in order; empty means the test domain's position alone
///  - `fixed`: stays as in the first train domain (control)
///  - `reversal`: as there for the first half of the phases, then as in the test domain
///  - `periodic`: to and fro between the two every `period` phases, the test domain's first
///  - `linear`: from the one to the other in equal steps
///  - `random_walk` of the dial: steps of N(0, (step_std * range)^2), reflected at the ends;
///  `walk_seed` says
///    which walk
/// and in environments with several cues, of which all but the active are at their neutral
/// position:
///  - `replacement`: cue 0, then cue 1, then cue 2 ...; the old one says nothing any more
///  - `accumulation`: cue 0, then 0 and 1, then 0, 1 and 2 ...
///  - `recurring`: the cues by turns, again and again
/// `control_shift` adds, to the phases after the first, a change of something other than the cue,
/// as a control: `control_shift_levels` says of each how far (core/drift.hpp); one level holds for
/// all, and none is .25. With `trajectory = "fixed"` nothing else changes.
///
/// `unpaired_cues` of them are never paired with the label at all. `final_phases` adds phases at
/// the end: `no_cue` (every cue neutral) and `adversarial` (every cue that said something, in any
/// train domain or later phase, says the opposite of what it said last; on a dial, the end of train
/// or test domain that is farther from the phase before).
struct TrajectoryOptions {
  std::string trajectory = "listed";
  std::vector<double> phases;
  std::int64_t phase_count = 4;
  std::int64_t period = 1;
  double step_std = 0.2;
  std::int64_t walk_seed = 0;
  std::int64_t unpaired_cues = 0;
  std::vector<std::string> final_phases;
  std::vector<double> phase_weights;
  double pretrain_fraction = 0.5;
  std::string control_shift = "none";
  std::vector<double> control_shift_levels;
  std::int64_t max_past_phases_evaluated = 0;

  static const Schema<TrajectoryOptions>& schema();
};

/// The phases of a stream in one environment.
class SPURION_API Trajectory {
 public:
  /// Throws `UsageError` where the options do not fit the environment.
  Trajectory(const TrajectoryOptions& options, const Environment& environment);

  /// Phases in all, the first included.
  [[nodiscard]] std::int64_t count() const { return static_cast<std::int64_t>(phases_.size()); }
  [[nodiscard]] const std::vector<Phase>& phases() const { return phases_; }
  /// Phase 0 in each slot of a batch: the train domains, or what is left of them where the
  /// trajectory says which cue is active.
  [[nodiscard]] const std::vector<Domain>& first_domains() const { return first_; }
  /// Steps of a phase out of `steps` in all; they add up exactly.
  [[nodiscard]] std::int64_t steps(std::int64_t phase, std::int64_t steps) const;

 private:
  void move_dial(const TrajectoryOptions& options, const Environment& environment);
  void switch_cues(const TrajectoryOptions& options, const Environment& environment);
  void add_final_phases(const TrajectoryOptions& options, const Environment& environment);
  void add_control_shift(const TrajectoryOptions& options, const Environment& environment);
  void add(Domain domain, Intervention intervention = Intervention::none());
  /// Where a cue stood when it last said something; empty where it never did.
  [[nodiscard]] std::optional<double> last_said(const Environment& environment,
                                                std::size_t cue) const;

  double pretrain_fraction_;
  std::vector<double> phase_weights_;
  std::vector<Phase> phases_;
  std::vector<Domain> first_;
};

/// Throws `UsageError` where a phase after the first has no step.
SPURION_API void require_steps(const Trajectory& trajectory, const TrainingOptions& training);

}  // namespace spurion::regimes
