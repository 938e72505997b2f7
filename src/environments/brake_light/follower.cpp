#include "environments/brake_light/follower.hpp"

#include <algorithm>
#include <utility>

namespace spurion::environments {

Follower::Follower(const FollowerRules& rules) : rules_(rules), process_(process()) {
  const auto count = static_cast<std::size_t>(states());
  start_.assign(count, 0.0);
  const auto starts = static_cast<double>(rules_.farthest - kNearestStart + 1);
  for (std::int64_t distance = kNearestStart; distance <= rules_.farthest; ++distance) {
    start_[static_cast<std::size_t>(index({distance, 0, false}, false))] = 1.0 / starts;
  }
  for (std::int64_t state = 0; state < states(); ++state) {
    expert_.push_back(expert(state_of(state)));
  }
  best_ = solve(process_, {rules_.horizon, 1.0});
  visits_.assign(count, 0.0);
  const FinitePolicy policy = deterministic_policy(expert_, kActions);
  for (const auto& at : occupancy(process_, policy, start_, rules_.horizon)) {
    for (std::size_t s = 0; s < count; ++s) {
      visits_[s] += at[s] / static_cast<double>(rules_.horizon);
    }
  }
}

FollowerState Follower::state_of(std::int64_t index) const {
  const std::int64_t speeds = rules_.fastest + 1;
  return {index / 4 / speeds + 1, index / 4 % speeds, (index & 2) != 0};
}

FiniteProcess Follower::process() const {
  return {
      states(), kActions,
      [this](std::int64_t state, std::int64_t action, std::vector<Outcome>& outcomes) {
        const FollowerState from = state_of(state);
        for (const bool driving : {false, true}) {
          const double drive = drives(from.lead_drives);
          const double probability = driving ? drive : 1.0 - drive;
          if (probability <= 0.0) continue;
          const FollowerStep to = step(from, action, driving);
          outcomes.push_back({to.crash ? FiniteProcess::kOver : index(to.next, action == kBrake),
                              probability, to.reward});
        }
      }};
}

FollowerStep Follower::step(const FollowerState& state, std::int64_t action,
                            bool lead_drives) const {
  const std::int64_t speed = std::clamp(state.speed + action - 1, std::int64_t{0}, rules_.fastest);
  const std::int64_t distance =
      std::min(state.distance + (lead_drives ? rules_.fastest : 0) - speed, rules_.farthest);
  const bool crash = distance < 1;
  const double way = static_cast<double>(speed) / static_cast<double>(rules_.fastest);
  return {{std::max(distance, std::int64_t{1}), speed, lead_drives},
          crash,
          crash ? way - rules_.crash_cost : way};
}

std::int64_t Follower::expert(const FollowerState& state) const {
  const std::int64_t speed = std::min(state.speed + 1, rules_.fastest);
  // Braking from `speed` it goes speed - 1, speed - 2 ... 1 cells before it stands.
  const std::int64_t stopping = speed * (speed - 1) / 2;
  return state.distance - speed >= 1 + stopping ? kDrive : kBrake;
}

std::int64_t Follower::optimal(const FollowerState& state, std::int64_t left) const {
  const std::int64_t step = rules_.horizon - std::clamp(left, std::int64_t{1}, rules_.horizon);
  return best_.actions[static_cast<std::size_t>(step * states() + index(state, false))];
}

FollowerReturns Follower::returns(double broken) const {
  const ProcessSpan span{rules_.horizon, 1.0};
  FinitePolicy follows{std::vector<double>(static_cast<std::size_t>(states() * kActions), 0.0)};
  for (std::int64_t state = 0; state < states(); ++state) {
    const double lit = (1.0 - broken) * ((state & 1) != 0 ? 1.0 : 0.0) + 0.5 * broken;
    follows.probability[static_cast<std::size_t>(state * kActions + kBrake)] = lit;
    follows.probability[static_cast<std::size_t>(state * kActions + kDrive)] = 1.0 - lit;
  }
  const auto value = [&](const FinitePolicy& policy) {
    return expected_value(start_, evaluate(process_, policy, span));
  };
  return {expected_value(start_, best_.values), value(deterministic_policy(expert_, kActions)),
          value(follows), value(uniform_policy(process_))};
}

CueActionTable Follower::rows(double broken) const {
  CueActionTable table(kActions);
  for (std::size_t s = 0; s < visits_.size(); ++s) {
    if (visits_[s] <= 0.0) continue;
    const double lit = (1.0 - broken) * (s % 2 == 1 ? 1.0 : 0.0) + 0.5 * broken;
    if (lit > 0.0) table.add({1.0F}, expert_[s], visits_[s] * lit);
    if (lit < 1.0) table.add({-1.0F}, expert_[s], visits_[s] * (1.0 - lit));
  }
  return table;
}

}  // namespace spurion::environments
