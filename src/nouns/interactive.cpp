#include "spurion/interactive.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>

#include "core/counted.hpp"
#include "spurion/error.hpp"

namespace spurion {

namespace {

/// Numbers of episodes of demonstrations are from here on, so none is an episode of a learner.
constexpr std::int64_t kFirstDemonstration = std::int64_t{1} << 40;
/// Episodes that are tried for a row before the last of them is taken where it ended.
constexpr std::int64_t kTries = 256;

template <class T>
void copy_into(std::vector<T>& to, std::int64_t at, const std::vector<T>& from,
               std::int64_t which) {
  to[static_cast<std::size_t>(at)] = from[static_cast<std::size_t>(which)];
}

/// Flags as numbers, for archives.
void visit_flags(StateVisitor& visit, const char* name, std::vector<std::uint8_t>& flags) {
  std::vector<std::int64_t> numbers(flags.begin(), flags.end());
  visit(name, numbers);
  if (!visit.loading()) return;
  flags.clear();
  for (const std::int64_t number : numbers) flags.push_back(static_cast<std::uint8_t>(number));
}

}  // namespace

const char* reference_policy_name(ReferencePolicy policy) {
  switch (policy) {
    case ReferencePolicy::optimal:
      return "optimal";
    case ReferencePolicy::expert:
      return "expert";
    case ReferencePolicy::cue:
      return "cue";
    case ReferencePolicy::random:
      return "random";
  }
  throw LogicError("unknown reference policy");
}

bool Episodes::all_done() const {
  return std::all_of(done.begin(), done.end(), [](std::uint8_t over) { return over != 0; });
}

void Episodes::put(std::int64_t to, const Episodes& other, std::int64_t from) {
  copy_into(number, to, other.number, from);
  copy_into(step, to, other.step, from);
  copy_into(last_action, to, other.last_action, from);
  copy_into(done, to, other.done, from);
  copy_into(goal, to, other.goal, from);
  copy_into(proxy, to, other.proxy, from);
  const auto numbers = static_cast<std::int64_t>(state.size()) / std::max<std::int64_t>(count(), 1);
  for (std::int64_t s = 0; s < numbers; ++s) values(s)[to] = other.values(s)[from];
}

Episodes Episodes::select(const std::vector<std::int64_t>& which) const {
  const std::size_t kept = which.size();
  const std::size_t numbers = number.empty() ? 0 : state.size() / number.size();
  Episodes out;
  out.number.resize(kept);
  out.step.resize(kept);
  out.last_action.resize(kept);
  out.done.resize(kept);
  out.goal.resize(kept);
  out.proxy.resize(kept);
  out.state.resize(numbers * kept);
  for (std::size_t i = 0; i < kept; ++i) out.put(static_cast<std::int64_t>(i), *this, which[i]);
  return out;
}

void Episodes::visit_state(StateVisitor& visit) {
  visit("number", number);
  visit("step", step);
  visit("last_action", last_action);
  visit("state", state);
  visit_flags(visit, "done", done);
  visit_flags(visit, "goal", goal);
  visit_flags(visit, "proxy", proxy);
}

Episodes InteractiveEnvironment::reset(const EpisodePlace& place,
                                       const std::vector<std::int64_t>& numbers,
                                       StartKind kind) const {
  for (const std::int64_t number : numbers) {
    if (number < 0) {
      throw UsageError(fmt::format("episode {} of {}: negative", number, info().name));
    }
  }
  const std::size_t count = numbers.size();
  Episodes episodes;
  episodes.number = numbers;
  episodes.step.assign(count, 0);
  episodes.last_action.assign(count, -1);
  episodes.state.assign(acting().state.size() * count, 0.0);
  episodes.done.assign(count, 0);
  episodes.goal.assign(count, 0);
  episodes.proxy.assign(count, 0);
  begin(place, kind, episodes);
  return episodes;
}

void InteractiveEnvironment::step(const EpisodePlace& place,
                                  const std::vector<std::int64_t>& actions, Episodes& episodes,
                                  std::vector<float>& rewards) const {
  const std::size_t count = episodes.number.size();
  const std::int64_t known = info().outputs;
  if (actions.size() != count) {
    throw UsageError(fmt::format("{}: {} actions for {}", info().name, actions.size(),
                                 core::counted(static_cast<std::int64_t>(count), "episode")));
  }
  for (const std::int64_t action : actions) {
    if (action >= 0 && action < known) continue;
    throw UsageError(
        fmt::format("{}: action {}; its actions are 0 to {}", info().name, action, known - 1));
  }
  rewards.assign(count, 0.0F);
  // What is over must not move, so it is known before the world moves.
  const std::vector<std::uint8_t> over = episodes.done;
  advance(place, actions, episodes, rewards.data());
  const std::int64_t horizon = acting().horizon;
  for (std::size_t i = 0; i < count; ++i) {
    if (over[i] != 0) continue;
    episodes.last_action[i] = actions[i];
    if (++episodes.step[i] >= horizon) episodes.done[i] = 1;
  }
}

Tensor InteractiveEnvironment::observe(const EpisodePlace& place, const Episodes& episodes,
                                       const Intervention& intervention) const {
  if (intervention.kind != Intervention::Kind::none && !supports(intervention)) {
    throw UsageError(fmt::format("{} cannot perform {}", info().name, intervention.text()));
  }
  Shape shape = info().input_shape;
  shape.insert(shape.begin(), episodes.count());
  Tensor inputs = at::zeros(shape, at::kFloat);
  look(place, episodes, intervention, inputs.data_ptr<float>());
  return inputs;
}

std::vector<std::int64_t> InteractiveEnvironment::act(ReferencePolicy policy,
                                                      const EpisodePlace& place,
                                                      const Episodes& episodes) const {
  std::vector<std::int64_t> actions(episodes.number.size(), 0);
  if (policy != ReferencePolicy::random) {
    choose(policy, place, episodes, actions.data());
    return actions;
  }
  const RandomStream draws(episodes_key(place).child("random policy"));
  for (std::size_t i = 0; i < actions.size(); ++i) {
    actions[i] = draws.below(info().outputs, episodes.number[i], episodes.step[i]);
  }
  return actions;
}

std::optional<ExactPredictive> InteractiveEnvironment::predictive(
    const EpisodePlace& /*place*/, const Episodes& /*episodes*/) const {
  return {};
}

Sample InteractiveEnvironment::generate(const Domain& domain, Split split, RowRange rows,
                                        const Intervention& intervention) const {
  const EpisodePlace place{domain, split};
  const InteractiveInfo& facts = acting();
  const std::int64_t longest =
      facts.demonstration_steps > 0 ? facts.demonstration_steps : facts.horizon;
  const RandomStream steps(episodes_key(place).child("step of a row"));
  // Row i tries the episodes i * kTries, i * kTries + 1 ... of the demonstrations.
  std::vector<std::int64_t> tried(static_cast<std::size_t>(rows.count), 0);
  std::vector<std::int64_t> open(static_cast<std::size_t>(rows.count));
  for (std::size_t i = 0; i < open.size(); ++i) open[i] = static_cast<std::int64_t>(i);
  Episodes all = reset(place, std::vector<std::int64_t>(open.size(), 0), StartKind::demonstration);
  std::vector<float> rewards;
  while (!open.empty()) {
    std::vector<std::int64_t> numbers;
    for (const std::int64_t row : open) {
      numbers.push_back(kFirstDemonstration + (rows.first + row) * kTries +
                        tried[static_cast<std::size_t>(row)]);
    }
    Episodes running = reset(place, numbers, StartKind::demonstration);
    std::vector<std::int64_t> left;
    std::vector<std::int64_t> again;
    for (std::size_t i = 0; i < open.size(); ++i) left.push_back(steps.below(longest, numbers[i]));
    while (!open.empty()) {
      // Rows whose step has come leave; those whose episode is over try another.
      std::vector<std::int64_t> on;
      for (std::size_t i = 0; i < open.size(); ++i) {
        const auto row = static_cast<std::size_t>(open[i]);
        const bool last_try = tried[row] + 1 >= kTries;
        if (running.done[i] != 0 && !last_try) {
          ++tried[row];
          again.push_back(open[i]);
        } else if (left[i] == 0 || running.done[i] != 0) {
          all.put(open[i], running, static_cast<std::int64_t>(i));
        } else {
          on.push_back(static_cast<std::int64_t>(i));
        }
      }
      std::vector<std::int64_t> rows_on;
      std::vector<std::int64_t> left_on;
      for (const std::int64_t i : on) {
        rows_on.push_back(open[static_cast<std::size_t>(i)]);
        left_on.push_back(left[static_cast<std::size_t>(i)] - 1);
      }
      if (on.size() != open.size()) running = running.select(on);
      open = std::move(rows_on);
      left = std::move(left_on);
      if (open.empty()) break;
      step(place, act(ReferencePolicy::expert, place, running), running, rewards);
    }
    open = std::move(again);
    std::sort(open.begin(), open.end());
  }
  Sample sample;
  sample.x = observe(place, all, intervention);
  const std::vector<std::int64_t> labels = act(ReferencePolicy::expert, place, all);
  sample.y = at::tensor(labels, at::kLong).reshape({rows.count});
  note(place, all, intervention, sample);
  return sample;
}

}  // namespace spurion
