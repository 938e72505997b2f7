#pragma once

#include <cstdint>
#include <vector>

#include "environments/shared/ceilings/action_ceilings.hpp"
#include "environments/shared/finite_process.hpp"
#include "spurion/export.hpp"

namespace spurion::environments {

/// A road with a traffic light: what is there, and what happens.
struct TrafficRules {
  double switching = 0.25;   ///< P(the light changes) in a step
  double light_noise = 0.2;  ///< P(what is seen of the light is a fair coin)
  std::int64_t steps = 30;   ///< most steps of an episode
};

/// Cells of the road.
constexpr int kRoadStart = 1;
constexpr int kLeadStart = 3;
constexpr int kLightCell = 6;  ///< whoever goes on from here passes the light
constexpr int kRoadGoal = 13;
constexpr int kRoadEnd = 14;  ///< the lead car goes no further

/// What is there at a time.
struct TrafficState {
  int agent = kRoadStart;
  int lead = kLeadStart;
  bool lead_moved = false;  ///< the lead car moved in the last step
  bool red = false;
};

/// What an action of the agent does, before the light and the lead car move.
struct TrafficMove {
  int agent = 0;
  double reward = -1.0;
  bool over = false;
  bool at_goal = false;
  bool ran_red = false;
};
SPURION_API TrafficMove traffic_move(const TrafficState& now, bool forward);
/// Whether the expert goes on: there is room, and no red light.
SPURION_API bool may_go(const TrafficState& now);

/// Exact figures of a road whose lead car is decorrelated from the light with this probability.
class SPURION_API TrafficFigures {
 public:
  TrafficFigures(const TrafficRules& rules, double decorrelated);

  [[nodiscard]] double optimal() const;
  [[nodiscard]] double expert() const;
  [[nodiscard]] double cue() const;
  [[nodiscard]] double random() const;
  /// Of the rows of demonstrations: the action beside all that is seen; beside the cells of both
  /// cars and what is seen of the light; and beside whether the lead car moved.
  [[nodiscard]] const CueActionTable& seen() const { return seen_; }
  [[nodiscard]] const CueActionTable& causes() const { return causes_; }
  [[nodiscard]] const CueActionTable& cues() const { return cues_; }

 private:
  [[nodiscard]] double value_of(const FinitePolicy& policy) const;
  void count_rows();

  TrafficRules rules_;
  FiniteProcess process_;
  std::vector<double> start_;
  CueActionTable seen_;
  CueActionTable causes_;
  CueActionTable cues_;
};

}  // namespace spurion::environments
