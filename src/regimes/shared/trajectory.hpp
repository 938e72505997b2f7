#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "spurion/regime.hpp"
#include "spurion/schema.hpp"

namespace spurion::regimes {

/// How the cues shift over a stream. Every regime with a stream has these options, so regimes can
/// be compared. Training begins with phase 0; the other phases follow.
///
/// `trajectory`, for any environment:
///  - `listed`: the shifts in `phases`, in order; empty: one phase with the shift of the test
///  domain
///  - `fixed`: the shift of the first train domain (control)
///  - `reversal`: the shift of the first train domain in the first half of the phases, then that of
///    the test domain
///  - `periodic`: alternates between the two every `period` phases; begins with the test domain
///  - `linear`: from the first train domain to the test domain in equal steps
///  - `random_walk`: steps of N(0, (step_std * range)^2), reflected at the ends of the range;
///    `walk_seed` is the seed of the walk
/// For environments with several cues; all cues but the active ones are neutral:
///  - `replacement`: cue 0, then cue 1, then cue 2 ...
///  - `accumulation`: cue 0, then 0 and 1, then 0, 1 and 2 ...
///  - `recurring`: the cues in turn, again and again
///
/// `unpaired_cues`: number of cues that are never paired with the label.
///
/// `final_phases` adds phases at the end. `no_cue`: every cue is neutral. `adversarial`: every cue
/// that was informative in a train domain or a later phase points to the opposite of what it
/// indicated last; with one cue: the shift of the train or test domain that is farther from that of
/// the phase before.
///
/// `control_shift` changes something other than the cue in the phases after phase 0, as a control.
/// `control_shift_levels`: its level in each of them; one level applies to all. default: 0.25.
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
  /// Throws `UsageError` if the options do not fit the environment.
  Trajectory(const TrajectoryOptions& options, const Environment& environment);

  /// Number of phases, including phase 0.
  [[nodiscard]] std::int64_t count() const { return static_cast<std::int64_t>(phases_.size()); }
  [[nodiscard]] const std::vector<Phase>& phases() const { return phases_; }
  /// The domains of phase 0, one for each slot: the train domains, with only the active cues if the
  /// trajectory switches cues.
  [[nodiscard]] const std::vector<Domain>& first_domains() const { return first_; }
  /// Steps of a phase if the trial has `steps` steps. The phases add up exactly.
  [[nodiscard]] std::int64_t steps(std::int64_t phase, std::int64_t steps) const;

 private:
  void move_shift(const TrajectoryOptions& options, const Environment& environment);
  void switch_cues(const TrajectoryOptions& options, const Environment& environment);
  void add_final_phases(const TrajectoryOptions& options, const Environment& environment);
  void add_control_shift(const TrajectoryOptions& options, const Environment& environment);
  void add(Domain domain, Intervention intervention = Intervention::none());
  /// The last shift at which a cue was informative; empty if it never was.
  [[nodiscard]] std::optional<double> last_informative_shift(const Environment& environment,
                                                             std::size_t cue) const;

  double pretrain_fraction_;
  std::vector<double> phase_weights_;
  std::vector<Phase> phases_;
  std::vector<Domain> first_;
};

/// Throws `UsageError` if a phase after phase 0 has no step.
SPURION_API void require_steps(const Trajectory& trajectory, const TrainingOptions& training);

}  // namespace spurion::regimes
