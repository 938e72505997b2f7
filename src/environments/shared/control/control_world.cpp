#include "environments/shared/control/control_world.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "acting/reference_returns.hpp"

namespace spurion::environments {

namespace {

using Kind = Intervention::Kind;

constexpr const char* kPreviousAction = "previous_action";
constexpr const char* kRandomAction = "random_action";
constexpr const char* kConfounded = "confounded";

}  // namespace

const Schema<ControlOptions>& ControlOptions::schema() {
  using O = ControlOptions;
  static const auto schema =
      Schema<O>()
          .field("observe", &O::observe,
                 "confounded: the last input shows the previous action. state_only: the last input "
                 "is 0.",
                 one_of({kConfounded, "state_only"}))
          .field("graph_inputs", &O::graph_inputs,
                 "Whether a mask of the inputs follows them, for policies that are conditioned on "
                 "a causal graph. The environment writes ones.")
          .field("train_shifts", &O::train_shifts,
                 "Share of steps at which the last input shows a random action, in each train "
                 "domain.",
                 between(0, 1))
          .field("test_shift", &O::test_shift,
                 "Share of steps at which the last input shows a random action, in the test "
                 "domain.",
                 between(0, 1));
  return schema;
}

ControlWorld::ControlWorld(const EnvironmentContext& context, const std::string& name,
                           const ControlOptions& options)
    : InteractiveWorld(context, ShiftDomains(name, options.train_shifts, options.test_shift)),
      shows_(options.observe == kConfounded),
      graph_inputs_(options.graph_inputs) {}

void ControlWorld::describe_control(const Facts& facts) {
  set_actions(facts.actions);
  first_ = facts.first;
  seen_ = 0;
  for (const auto& [name, count] : facts.inputs) {
    std::vector<std::int64_t> group;
    for (std::int64_t i = 0; i < count; ++i) group.push_back(seen_++);
    if (graph_inputs_) acting_.graph_inputs.push_back(std::move(group));
  }
  if (graph_inputs_) acting_.graph_inputs.push_back({seen_});
  info_.input_shape = {(seen_ + 1) * (graph_inputs_ ? 2 : 1)};
  info_.groups = 2;
  info_.group_names = {"another action is shown", "the expert's action is shown"};
  info_.cue = kShown;
  info_.causal = kState;
  info_.graph = {
      {{"past_state", Role::hidden, "the state before the previous action"},
       {kPreviousAction, Role::hidden, "the action that was taken before"},
       {kState, Role::causal, facts.state_doc},
       {kRandomAction, Role::noise, "which steps show a random action, and which action"},
       {kShown, Role::spurious,
        "the last input: the previous action, evenly coded from -1 to +1; 0: none; with "
        "probability e a random action"},
       {"action", Role::label, "what the expert does"},
       {"observation", Role::observed, "what is seen of the state, and the shown action"}},
      {{"past_state", kPreviousAction},
       {"past_state", kState},
       {kPreviousAction, kState},
       {kPreviousAction, kShown},
       {kRandomAction, kShown},
       {kState, "action"},
       {kState, "observation"},
       {kShown, "observation"}}};
  info_.shift_axis.name = "e";
  info_.shift_axis.doc =
      "share of steps at which the last input shows a random action instead of the previous one";
  // What is shown is drawn anew at each step, so the score of rows is affine in the share.
  info_.shift_axis.mixture = ShiftAxis::Mixture{
      Intervention::none(), shows_ ? Intervention::resample(kShown) : Intervention::none()};
}

bool ControlWorld::supports(const Intervention& intervention) const {
  switch (intervention.kind) {
    case Kind::none:
      return true;
    case Kind::flip:
    case Kind::resample:
      return intervention.acts_only_on(kShown);
    case Kind::set:
      return intervention.acts_only_on(kShown) &&
             (intervention.value == 0.0 || std::abs(intervention.value) == 1.0);
    case Kind::align:
    case Kind::oppose:
      return false;
  }
  return false;
}

double ControlWorld::hidden_bound(const Sample& /*rows*/) const { return 0.0; }

const ControlWorld::Counted& ControlWorld::counted() const {
  std::call_once(count_once_, [this] {
    constexpr std::int64_t kFar = std::int64_t{1} << 30;  // rows that no experiment uses
    const Sample rows = this->sample(at(0.0), Split::validation, {kFar, kCounted});
    const float* codes = rows.spurious.data_ptr<float>();
    const std::int64_t* labels = rows.y.data_ptr<std::int64_t>();
    const auto actions = static_cast<std::size_t>(info_.outputs);
    counted_.actions.assign(actions, 0.0);
    for (std::int64_t i = 0; i < kCounted; ++i) {
      std::vector<double>& cell = counted_.cells[codes[i]];
      cell.resize(actions, 0.0);
      const auto label = static_cast<std::size_t>(labels[i]);
      cell[label] += 1.0 / static_cast<double>(kCounted);
      counted_.actions[label] += 1.0 / static_cast<double>(kCounted);
    }
    counted_.hidden = hidden_bound(rows);
  });
  return counted_;
}

ControlWorld::Cells ControlWorld::rows_at(double shift) const {
  const double random = shows_ ? shift : 0.0;
  const auto actions = static_cast<std::size_t>(info_.outputs);
  Cells cells;
  const auto add = [&](float shown, const std::vector<double>& shares, double weight) {
    if (weight <= 0.0) return;
    std::vector<double>& cell = cells[shown];
    cell.resize(actions, 0.0);
    for (std::size_t a = 0; a < actions; ++a) cell[a] += weight * shares[a];
  };
  for (const auto& [shown, shares] : counted().cells) add(shown, shares, 1.0 - random);
  for (std::int64_t drawn = 0; drawn < info_.outputs; ++drawn) {
    add(code(drawn), counted().actions, random / static_cast<double>(info_.outputs));
  }
  return cells;
}

Ceiling ControlWorld::shown_only(const Cells& here, const Cells& train) const {
  constexpr double kStandardErrors = 5.0;
  const auto rows = static_cast<double>(kCounted);
  Ceiling out{0.0, Exactness::empirical, 0.5 * kStandardErrors / std::sqrt(rows)};
  for (const auto& [shown, shares] : here) {
    const auto found = train.find(shown);
    const std::vector<double>& weights = found == train.end() ? counted().actions : found->second;
    double total = 0.0;
    double largest = 0.0;
    for (const double weight : weights) {
      total += weight;
      largest = std::max(largest, weight);
    }
    // The difference of two counts has at most the variance of the rows of the cell.
    const double apart = kStandardErrors * std::sqrt(total / rows);
    double sum = 0.0;
    double equals = 0.0;
    double least = 1.0;
    double most = 0.0;
    for (std::size_t a = 0; a < weights.size(); ++a) {
      if (weights[a] + apart < largest) continue;
      sum += shares[a];
      equals += 1.0;
      least = std::min(least, shares[a]);
      most = std::max(most, shares[a]);
    }
    out.value += sum / equals;
    out.error_bound += std::max(most - sum / equals, sum / equals - least);
  }
  return out;
}

Ceilings ControlWorld::ceilings(const Domain& domain) const {
  Cells train;
  const auto domains = static_cast<double>(domains_.train_shifts().size());
  for (const double shift : domains_.train_shifts()) {
    for (const auto& [shown, shares] : rows_at(shift)) {
      std::vector<double>& cell = train[shown];
      cell.resize(shares.size(), 0.0);
      for (std::size_t a = 0; a < shares.size(); ++a) cell[a] += shares[a] / domains;
    }
  }
  Ceilings out;
  out.bayes = {1.0, Exactness::closed_form, counted().hidden};
  out.invariant = out.bayes;
  out.spurious_only = shown_only(rows_at(domains_.shift(domain)), train);
  out.chance = *std::max_element(counted().actions.begin(), counted().actions.end());
  return out;
}

Ceiling ControlWorld::policy_return(ReferencePolicy policy) const {
  return acting::simulated_return(*this, at(0.0), policy, kSimulated);
}

ReferenceReturns ControlWorld::references(const Domain& domain) const {
  const double shift = domains_.shift(domain);
  const std::lock_guard<std::mutex> lock(mutex_);
  if (!blind_) {
    blind_.emplace(std::array<Ceiling, 3>{policy_return(ReferencePolicy::optimal),
                                          policy_return(ReferencePolicy::expert),
                                          policy_return(ReferencePolicy::random)});
  }
  auto found = cue_.find(shift);
  if (found == cue_.end()) {
    found = cue_.emplace(shift, acting::simulated_return(*this, at(shift), ReferencePolicy::cue,
                                                         kSimulated))
                .first;
  }
  return {(*blind_)[0], (*blind_)[1], found->second, (*blind_)[2]};
}

float ControlWorld::code(std::int64_t action) const {
  return 2.0F * static_cast<float>(action) / static_cast<float>(info_.outputs - 1) - 1.0F;
}

std::vector<float> ControlWorld::shown(const EpisodePlace& place, const Episodes& episodes,
                                       const Intervention& intervention) const {
  const std::size_t count = episodes.number.size();
  std::vector<float> out(count, 0.0F);
  const RandomKey key = episodes_key(place);
  if (intervention.kind == Kind::resample) {
    const RandomStream draws(key.child("resampled action"));
    for (std::size_t i = 0; i < count; ++i) {
      out[i] = code(draws.below(info_.outputs, episodes.number[i], episodes.step[i]));
    }
    return out;
  }
  if (intervention.kind == Kind::set) {
    std::fill(out.begin(), out.end(), static_cast<float>(intervention.value));
    return out;
  }
  if (shows_) {
    const double shift = domains_.shift(place.domain);
    for (std::size_t i = 0; i < count; ++i) {
      if (episodes.last_action[i] >= 0) out[i] = code(episodes.last_action[i]);
    }
    if (shift > 0.0) {
      const RandomStream draws(key.child("random action"));
      for (std::size_t i = 0; i < count; ++i) {
        const std::int64_t lane = 2 * episodes.step[i];
        if (draws.uniform(episodes.number[i], lane) >= shift) continue;
        out[i] = code(draws.below(info_.outputs, episodes.number[i], lane + 1));
      }
    }
  }
  if (intervention.kind == Kind::flip) {
    for (float& one : out) one = one == 0.0F ? 1.0F : -one;
  }
  return out;
}

void ControlWorld::look(const EpisodePlace& place, const Episodes& episodes,
                        const Intervention& intervention, float* inputs) const {
  const std::int64_t stride = info_.input_shape.front();
  const std::int64_t count = episodes.count();
  look_at_state(episodes, stride, inputs);
  const std::vector<float> last = shown(place, episodes, intervention);
  for (std::int64_t i = 0; i < count; ++i) {
    float* row = inputs + i * stride + seen_;
    *row = last[static_cast<std::size_t>(i)];
    if (graph_inputs_) std::fill(row + 1, row + 2 + seen_, 1.0F);
  }
}

void ControlWorld::choose(ReferencePolicy policy, const EpisodePlace& place,
                          const Episodes& episodes, std::int64_t* actions) const {
  if (policy != ReferencePolicy::cue) {
    control(policy, episodes, actions);
    return;
  }
  const std::vector<float> last = shown(place, episodes, Intervention::none());
  for (std::size_t i = 0; i < last.size(); ++i) {
    // Where there are three actions, the code of the middle one is 0, too: from step 1 on.
    const bool none =
        last[i] == 0.0F && (!shows_ || info_.outputs % 2 == 0 || episodes.step[i] == 0);
    const float place_of = 0.5F * (last[i] + 1.0F) * static_cast<float>(info_.outputs - 1);
    actions[i] = none ? first_ : static_cast<std::int64_t>(std::lround(place_of));
  }
}

void ControlWorld::note(const EpisodePlace& place, const Episodes& episodes,
                        const Intervention& intervention, Sample& sample) const {
  const std::int64_t count = episodes.count();
  sample.causal = at::empty({count, seen_}, at::kFloat);
  look_at_state(episodes, seen_, sample.causal.data_ptr<float>());
  const std::vector<float> last = shown(place, episodes, intervention);
  sample.spurious = at::empty({count, 1}, at::kFloat);
  std::copy(last.begin(), last.end(), sample.spurious.data_ptr<float>());
  std::vector<std::int64_t> actions(last.size());
  control(ReferencePolicy::expert, episodes, actions.data());
  sample.group = at::empty({count}, at::kLong);
  for (std::size_t i = 0; i < last.size(); ++i) {
    sample.group.data_ptr<std::int64_t>()[i] = last[i] == code(actions[i]) ? 1 : 0;
  }
}

}  // namespace spurion::environments
