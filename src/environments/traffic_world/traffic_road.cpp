#include "environments/traffic_world/traffic_road.hpp"

#include <algorithm>
#include <functional>
#include <vector>

namespace spurion::environments {

namespace {

constexpr std::int64_t kRoadStates = std::int64_t{kRoadGoal} * (kRoadEnd + 1) * 4;
constexpr std::int64_t kRoadActions = 2;

std::int64_t road_index(const TrafficState& now) {
  return ((now.agent * (kRoadEnd + 1) + now.lead) * 2 + (now.lead_moved ? 1 : 0)) * 2 +
         (now.red ? 1 : 0);
}

TrafficState road_state(std::int64_t index) {
  TrafficState now;
  now.red = index % 2 == 1;
  now.lead_moved = index / 2 % 2 == 1;
  now.lead = static_cast<int>(index / 4 % (kRoadEnd + 1));
  now.agent = static_cast<int>(index / 4 / (kRoadEnd + 1));
  return now;
}

FiniteProcess road_process(const TrafficRules& rules, double decorrelated) {
  return FiniteProcess(
      kRoadStates, kRoadActions,
      [&](std::int64_t index, std::int64_t action, std::vector<Outcome>& outcomes) {
        const TrafficState now = road_state(index);
        const TrafficMove move = traffic_move(now, action == 1);
        if (move.over) {
          outcomes.push_back({FiniteProcess::kOver, 1.0, move.reward});
          return;
        }
        for (const bool red : {false, true}) {
          const double light = red == now.red ? 1.0 - rules.switching : rules.switching;
          for (const bool moves : {false, true}) {
            const double follows = moves == !red ? 1.0 : 0.0;
            const double lead = decorrelated * 0.5 + (1.0 - decorrelated) * follows;
            if (light * lead <= 0.0) continue;
            const int cell = std::min(now.lead + (moves ? 1 : 0), kRoadEnd);
            outcomes.push_back(
                {road_index({move.agent, cell, moves, red}), light * lead, move.reward});
          }
        }
      });
}

FinitePolicy road_policy(const std::function<bool(const TrafficState&)>& goes) {
  std::vector<std::int64_t> actions;
  for (std::int64_t index = 0; index < kRoadStates; ++index) {
    actions.push_back(goes(road_state(index)) ? 1 : 0);
  }
  return deterministic_policy(actions, kRoadActions);
}

}  // namespace

TrafficMove traffic_move(const TrafficState& now, bool forward) {
  TrafficMove move;
  move.agent = now.agent + (forward ? 1 : 0);
  const bool passes = forward && now.agent == kLightCell;
  if (move.agent >= kRoadGoal) {
    move.at_goal = move.over = true;
    move.reward = 10.0;
  } else if ((move.agent >= now.lead && now.lead < kRoadGoal) || (passes && now.red)) {
    move.over = true;
    move.reward = -10.0;
  } else if (passes) {
    move.reward = 10.0;
  }
  move.ran_red = passes && now.red;
  return move;
}

bool may_go(const TrafficState& now) {
  const bool room = now.lead - now.agent >= 2 || now.lead >= kRoadGoal;
  return room && !(now.agent == kLightCell && now.red);
}

TrafficFigures::TrafficFigures(const TrafficRules& rules, double decorrelated)
    : rules_(rules),
      process_(road_process(rules, decorrelated)),
      start_(static_cast<std::size_t>(kRoadStates), 0.0),
      seen_(kRoadActions),
      causes_(kRoadActions),
      cues_(kRoadActions) {
  for (const bool red : {false, true}) {
    for (const bool moved : {false, true}) {
      const double follows = moved == !red ? 1.0 : 0.0;
      start_[static_cast<std::size_t>(road_index({kRoadStart, kLeadStart, moved, red}))] =
          0.5 * (decorrelated * 0.5 + (1.0 - decorrelated) * follows);
    }
  }
  count_rows();
}

double TrafficFigures::value_of(const FinitePolicy& policy) const {
  return expected_value(start_, evaluate(process_, policy, {rules_.steps, 1.0}));
}

double TrafficFigures::optimal() const {
  return expected_value(start_, solve(process_, {rules_.steps, 1.0}).values);
}
double TrafficFigures::expert() const { return value_of(road_policy(may_go)); }
double TrafficFigures::cue() const {
  return value_of(road_policy([](const TrafficState& now) { return now.lead_moved; }));
}
double TrafficFigures::random() const { return value_of(uniform_policy(process_)); }

void TrafficFigures::count_rows() {
  const auto occupied = occupancy(process_, road_policy(may_go), start_, rules_.steps);
  for (std::int64_t index = 0; index < kRoadStates; ++index) {
    double weight = 0.0;
    for (const auto& at_step : occupied) weight += at_step[static_cast<std::size_t>(index)];
    if (weight <= 0.0) continue;
    const TrafficState now = road_state(index);
    const std::int64_t action = may_go(now) ? 1 : 0;
    const auto agent = static_cast<float>(now.agent);
    const auto lead = static_cast<float>(now.lead);
    const float moved = now.lead_moved ? 1.0F : 0.0F;
    cues_.add({moved}, action, weight);
    for (const bool red : {false, true}) {
      const double wrong = 0.5 * rules_.light_noise;
      const double share = weight * (red == now.red ? 1.0 - wrong : wrong);
      const float reading = red ? 1.0F : 0.0F;
      causes_.add({agent, lead, reading}, action, share);
      seen_.add({agent, lead, reading, moved}, action, share);
    }
  }
}

}  // namespace spurion::environments
