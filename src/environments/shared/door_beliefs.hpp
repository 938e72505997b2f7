#pragma once

#include <cstdint>
#include <vector>

#include "spurion/export.hpp"

/// \file
/// Exact beliefs of those who open doors and see whether it was the good one. Shape letter: K
/// doors.

namespace spurion::environments {

/// K doors, one of them good: each with probability 1 / K. After a door is opened, an observation
/// follows: 1 with probability 1 - eps_obs for the good door, with probability eps_obs for another.
/// The expert knows the good door. At every step it opens that with probability 1 - eps_exp, else
/// one of the others, evenly.
struct SPURION_API DoorLaw {
  std::int64_t doors = 5;  ///< K >= 2
  double eps_obs = 0.3;    ///< in (0, 1/2]
  double eps_exp = 0.2;    ///< in (0, (K - 1) / K)

  /// p = P(the expert opens the good door).
  [[nodiscard]] double good() const { return 1.0 - eps_exp; }
  /// q = P(the expert opens a given other door).
  [[nodiscard]] double other() const { return eps_exp / static_cast<double>(doors - 1); }
  /// log((1 - eps_obs) / eps_obs): what one observation says.
  [[nodiscard]] double observation_weight() const;
  /// log(p / q): what one action of the expert says.
  [[nodiscard]] double action_weight() const;
  /// The same law if each action of the expert is replaced, with probability `share`, by that of
  /// someone who opens every door equally often.
  [[nodiscard]] DoorLaw blurred(double share) const;
};

/// What was opened and seen so far: all that beliefs depend on.
struct DoorHistory {
  std::vector<double> opened;    ///< [K] how often each door was opened
  std::vector<double> evidence;  ///< [K] observations 1 minus observations 0 of each door
};

/// Whether past actions say something about the good door.
enum class PastActions {
  evidence,     ///< as if the expert had taken them: P(good door | actions, observations)
  intervention  ///< P(good door | do(actions), observations): they say nothing
};

/// [K] P(each door is the good one | history). The log-odds of two doors differ by
/// observation_weight times the difference of their evidence; with `PastActions::evidence` also by
/// action_weight times the difference of how often they were opened.
[[nodiscard]] SPURION_API std::vector<double> door_posterior(const DoorLaw& law,
                                                             const DoorHistory& history,
                                                             PastActions past);
/// [K] P(the next action of the expert), with these probabilities of the good door.
[[nodiscard]] SPURION_API std::vector<double> next_expert_action(
    const DoorLaw& law, const std::vector<double>& posterior);
/// P(observation 1) after `door` is opened, with these probabilities of the good door.
[[nodiscard]] SPURION_API double next_observation(const DoorLaw& law,
                                                  const std::vector<double>& posterior,
                                                  std::int64_t door);
/// The largest eps_obs at which a wrong belief of one who takes its own actions as evidence does
/// not sustain itself: q / (p + q). It acts as the expert would for the door that it believes in.
/// Then (p - q) log(p / q), what its actions add per step to the log-odds of that door against the
/// good one, is as much as what observations take away, (p + q) (1 - 2 eps_obs) times
/// log((1 - eps_obs) / eps_obs).
[[nodiscard]] SPURION_API double latching_boundary(const DoorLaw& law);

}  // namespace spurion::environments
