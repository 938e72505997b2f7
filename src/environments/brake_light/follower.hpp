#pragma once

#include <cstdint>
#include <vector>

#include "environments/shared/ceilings/action_ceilings.hpp"
#include "environments/shared/finite_process.hpp"
#include "spurion/export.hpp"
#include "spurion/mechanism.hpp"

/// \file
/// A car that follows another on a line, as a finite Markov decision process.

namespace spurion::environments {

/// How the cars drive.
struct FollowerRules {
  std::int64_t farthest = 20;  ///< largest distance to the lead car; beyond it nothing changes
  std::int64_t fastest = 3;    ///< largest speed, and the speed of a lead car that drives
  double stops = 0.05;         ///< P(a lead car that drives stops), per step
  double drives_on = 0.1;      ///< P(a lead car that stands drives on), per step
  double crash_cost = 20.0;    ///< what a crash costs
  std::int64_t horizon = 100;  ///< steps of an episode
};

/// Where the car is. The lead car stands or drives with the largest speed.
struct FollowerState {
  std::int64_t distance;  ///< cells to the lead car, 1 to `farthest`
  std::int64_t speed;     ///< cells a step, 0 to `fastest`
  bool lead_drives;
};

/// What a step leads to.
struct FollowerStep {
  FollowerState next;
  bool crash;
  double reward;
};

/// Returns of the policies in the domain where the light is broken in a share of steps.
struct FollowerReturns {
  double optimal;
  double expert;
  double cue;
  double random;
};

/// The process, the policies and their exact returns. States of the process also say whether the
/// last action was to brake.
class SPURION_API Follower {
 public:
  static constexpr std::int64_t kBrake = 0;
  static constexpr std::int64_t kKeep = 1;
  static constexpr std::int64_t kDrive = 2;
  static constexpr std::int64_t kActions = 3;
  static constexpr std::int64_t kNearestStart = 2;

  explicit Follower(const FollowerRules& rules);

  [[nodiscard]] const FollowerRules& rules() const { return rules_; }
  /// The step of an action, given whether the lead car drives in it.
  [[nodiscard]] FollowerStep step(const FollowerState& state, std::int64_t action,
                                  bool lead_drives) const;
  /// P(the lead car drives in the next step).
  [[nodiscard]] double drives(bool lead_drives) const {
    return lead_drives ? 1.0 - rules_.stops : rules_.drives_on;
  }
  /// Brakes where it could not stop in time after one more step of driving, if the lead car stopped
  /// at once; drives elsewhere.
  [[nodiscard]] std::int64_t expert(const FollowerState& state) const;
  /// A best action, `left` steps before the end.
  [[nodiscard]] std::int64_t optimal(const FollowerState& state, std::int64_t left) const;
  /// Exact returns where the light is broken in this share of steps.
  [[nodiscard]] FollowerReturns returns(double broken) const;
  /// How often the expert takes each action beside each light (-1 or +1), over the rows of
  /// demonstrations.
  [[nodiscard]] CueActionTable rows(double broken) const;

 private:
  [[nodiscard]] std::int64_t index(const FollowerState& state, bool braked) const {
    return ((state.distance - 1) * (rules_.fastest + 1) + state.speed) * 4 +
           (state.lead_drives ? 2 : 0) + (braked ? 1 : 0);
  }
  [[nodiscard]] FollowerState state_of(std::int64_t index) const;
  [[nodiscard]] std::int64_t states() const { return rules_.farthest * (rules_.fastest + 1) * 4; }
  [[nodiscard]] FiniteProcess process() const;

  FollowerRules rules_;
  FiniteProcess process_;
  std::vector<double> start_;         ///< [S]
  std::vector<std::int64_t> expert_;  ///< [S]
  FiniteSolution best_;               ///< over the horizon
  std::vector<double> visits_;        ///< [S] of the expert, a mean over the steps
};

}  // namespace spurion::environments
