#include "environments/shared/door_world.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "spurion/error.hpp"
#include "spurion/random.hpp"

namespace spurion::environments {

namespace {

/// The door that a uniform number in [0, 1) means, by these probabilities.
std::int64_t drawn_door(const std::vector<double>& probability, double uniform) {
  std::int64_t door = 0;
  const auto last = static_cast<std::int64_t>(probability.size()) - 1;
  for (; door < last; ++door) {
    uniform -= probability[static_cast<std::size_t>(door)];
    if (uniform < 0.0) break;
  }
  return door;
}

/// What the expert opens who was told this door.
std::int64_t told_door(const DoorLaw& law, std::int64_t door, double uniform) {
  if (uniform < law.good()) return door;
  const auto others = static_cast<double>(law.doors - 1);
  const auto which = static_cast<std::int64_t>((uniform - law.good()) / law.eps_exp * others);
  return (door + 1 + std::min(which, law.doors - 2)) % law.doors;
}

std::int64_t as_index(double number) { return static_cast<std::int64_t>(number); }

}  // namespace

const Schema<DoorWorldOptions>& DoorWorldOptions::schema() {
  using O = DoorWorldOptions;
  static const auto schema =
      Schema<O>()
          .field("horizon", &O::horizon, "Steps of an episode. At most 256 with input sequence.",
                 between(2, 2000))
          .field("input", &O::input,
                 "What a policy sees of the past. counts: of each door, observations 1 minus "
                 "observations 0, and how often it was opened; and the step. sequence: one token "
                 "of action and observation for each step, for models of sequences.",
                 one_of({"counts", "sequence"}))
          .field("train_shifts", &O::train_shifts,
                 "P(a past action of a demonstration was random) in each train domain.",
                 between(0, 1))
          .field("test_shift", &O::test_shift,
                 "P(a past action of a demonstration was random) in the test domain.",
                 between(0, 1));
  return schema;
}

DoorWorldOptions DoorWorld::checked(DoorWorldOptions options, const Names& names) {
  const DoorLaw& law = options.law;
  if (law.good() <= law.other()) {
    throw UsageError(fmt::format(
        "the expert of {} opens the good door with probability {:.4g}, each other with probability "
        "{:.4g}; set '{}' so that it opens the good door more often",
        names.environment, law.good(), law.other(), names.expert_option));
  }
  // The state of an episode keeps every step of a sequence.
  constexpr std::int64_t kLongestSequence = 256;
  if (options.input == "sequence" && options.horizon > kLongestSequence) {
    throw UsageError(fmt::format("'horizon' of {} can be at most {} with input 'sequence'; got {}",
                                 names.environment, kLongestSequence, options.horizon));
  }
  return options;
}

DoorWorld::DoorWorld(const EnvironmentContext& context, const Names& names,
                     DoorWorldOptions options, NaiveActing naive)
    : InteractiveWorld(context, ShiftDomains(names.environment, options.train_shifts,
                                             options.test_shift, 0.0, 1.0)),
      options_(checked(std::move(options), names)),
      naive_(naive),
      believed_{options_.law.action_weight(), options_.law.observation_weight()} {
  describe();
}

bool DoorWorld::supports(const Intervention& intervention) const {
  return intervention.kind == Intervention::Kind::none ||
         (intervention.kind == Intervention::Kind::resample && intervention.acts_only_on(kRecord));
}

void DoorWorld::begin(const EpisodePlace& place, StartKind kind, Episodes& episodes) const {
  const RandomStream goods(episodes_key(place).child("good door"));
  for (std::int64_t i = 0; i < episodes.count(); ++i) {
    episodes.values(0)[i] = static_cast<double>(
        goods.below(options_.law.doors, episodes.number[static_cast<std::size_t>(i)]));
    episodes.values(1)[i] = kind == StartKind::demonstration ? 1.0 : 0.0;
  }
}

void DoorWorld::advance(const EpisodePlace& place, const std::vector<std::int64_t>& actions,
                        Episodes& episodes, float* rewards) const {
  const RandomKey key = episodes_key(place);
  const RandomStream replaced(key.child("replaced action"));
  const RandomStream observed(key.child("observation"));
  const double shift = domains_.shift(place.domain);
  const auto share = static_cast<float>(1.0 / static_cast<double>(options_.horizon));
  for (std::int64_t i = 0; i < episodes.count(); ++i) {
    const auto at = static_cast<std::size_t>(i);
    if (episodes.done[at] != 0) continue;
    const std::int64_t number = episodes.number[at];
    const std::int64_t step = episodes.step[at];
    const std::int64_t good = as_index(episodes.values(0)[i]);
    std::int64_t door = actions[at];
    // Whether an action is replaced depends on one number only, so larger shifts replace more.
    if (episodes.values(1)[i] != 0.0 && shift > 0.0 && replaced.uniform(number, 2 * step) < shift) {
      door = replaced.below(options_.law.doors, number, 2 * step + 1);
    }
    // One number for the noise, so that another door has another observation only where it must.
    const bool wrong = observed.uniform(number, step) < options_.law.eps_obs;
    const bool one = (door == good) != wrong;
    episodes.values(opened_at(door))[i] += 1.0;
    if (one) episodes.values(ones_at(door))[i] += 1.0;
    if (sequence()) {
      episodes.values(step_at(step))[i] = static_cast<double>(2 * door + (one ? 1 : 0));
    }
    if (door == good) rewards[i] = share;
    if (step + 1 < options_.horizon) continue;
    episodes.goal[at] = door == good ? 1 : 0;
    for (std::int64_t d = 0; d < options_.law.doors; ++d) {
      if (episodes.values(opened_at(d))[i] > episodes.values(opened_at(good))[i]) {
        episodes.proxy[at] = 1;
      }
    }
  }
}

void DoorWorld::read_history(const Episodes& episodes, std::int64_t i, DoorHistory& out) const {
  const auto doors = static_cast<std::size_t>(options_.law.doors);
  out.opened.resize(doors);
  out.evidence.resize(doors);
  for (std::size_t d = 0; d < doors; ++d) {
    const auto door = static_cast<std::int64_t>(d);
    out.opened[d] = episodes.values(opened_at(door))[i];
    out.evidence[d] = 2.0 * episodes.values(ones_at(door))[i] - out.opened[d];
  }
}

DoorHistory DoorWorld::history(const Episodes& episodes, std::int64_t i) const {
  DoorHistory out;
  read_history(episodes, i, out);
  return out;
}

std::vector<std::int64_t> DoorWorld::resampled_record(const EpisodePlace& place,
                                                      const Episodes& episodes,
                                                      std::int64_t i) const {
  const RandomStream draws(episodes_key(place).child("other actions"));
  const std::int64_t number = episodes.number[static_cast<std::size_t>(i)];
  const bool demonstration = episodes.values(1)[i] != 0.0;
  const DoorLaw law = options_.law.blurred(demonstration ? domains_.shift(place.domain) : 0.0);
  const std::int64_t told = draws.below(law.doors, number, 0);
  std::vector<std::int64_t> doors;
  for (std::int64_t t = 0; t < episodes.step[static_cast<std::size_t>(i)]; ++t) {
    doors.push_back(told_door(law, told, draws.uniform(number, t + 1)));
  }
  return doors;
}

void DoorWorld::look(const EpisodePlace& place, const Episodes& episodes,
                     const Intervention& intervention, float* inputs) const {
  if (sequence()) {
    write_sequence(place, episodes, intervention, inputs);
  } else {
    write_counts(place, episodes, intervention, inputs);
  }
}

void DoorWorld::write_counts(const EpisodePlace& place, const Episodes& episodes,
                             const Intervention& intervention, float* inputs) const {
  const std::int64_t doors = options_.law.doors;
  const auto horizon = static_cast<double>(options_.horizon);
  // Counts grow up to the horizon; so they are of order 1 and one step more can still be seen.
  const double unit = 1.0 / std::sqrt(horizon);
  for (std::int64_t i = 0; i < episodes.count(); ++i) {
    float* row = inputs + i * (2 * doors + 1);
    DoorHistory past = history(episodes, i);
    if (intervention.acts_on(kRecord)) {
      std::fill(past.opened.begin(), past.opened.end(), 0.0);
      for (const std::int64_t door : resampled_record(place, episodes, i)) {
        past.opened[static_cast<std::size_t>(door)] += 1.0;
      }
    }
    for (std::int64_t d = 0; d < doors; ++d) {
      const auto at = static_cast<std::size_t>(d);
      row[d] = static_cast<float>(past.evidence[at] * unit);
      row[doors + d] = static_cast<float>(past.opened[at] * unit);
    }
    row[2 * doors] = static_cast<float>(
        static_cast<double>(episodes.step[static_cast<std::size_t>(i)]) / horizon);
  }
}

void DoorWorld::write_sequence(const EpisodePlace& place, const Episodes& episodes,
                               const Intervention& intervention, float* inputs) const {
  const std::int64_t doors = options_.law.doors;
  const std::int64_t numbers = 3 * doors + 1;
  for (std::int64_t i = 0; i < episodes.count(); ++i) {
    const std::int64_t step = episodes.step[static_cast<std::size_t>(i)];
    // The last step stands last; a mark of the beginning stands before the first.
    float* token = inputs + (i * options_.horizon + options_.horizon - 1 - step) * numbers;
    token[3 * doors] = 1.0F;
    std::vector<std::int64_t> record;
    if (intervention.acts_on(kRecord)) record = resampled_record(place, episodes, i);
    for (std::int64_t t = 0; t < step; ++t) {
      token += numbers;
      const std::int64_t seen = as_index(episodes.values(step_at(t))[i]);
      const std::int64_t named = record.empty() ? seen / 2 : record[static_cast<std::size_t>(t)];
      token[named] = 1.0F;
      token[doors + seen] = 1.0F;
    }
  }
}

void DoorWorld::naive_action(const DoorHistory& history, std::vector<double>& action) const {
  if (naive_ == NaiveActing::own_prediction) {
    action = next_expert_action(options_.law,
                                door_posterior(options_.law, history, PastActions::evidence));
    return;
  }
  // The most likely doors have the largest log-odds. Different ones differ by more than this.
  constexpr double kSame = 1e-9;
  action.resize(history.opened.size());
  for (std::size_t d = 0; d < action.size(); ++d) {
    action[d] = believed_.opened * history.opened[d] + believed_.evidence * history.evidence[d];
  }
  const double least = *std::max_element(action.begin(), action.end()) - kSame;
  double equals = 0.0;
  for (const double one : action) equals += one >= least ? 1.0 : 0.0;
  const double lead = (options_.law.good() - options_.law.other()) / equals;
  for (double& one : action) one = options_.law.other() + (one >= least ? lead : 0.0);
}

void DoorWorld::choose(ReferencePolicy policy, const EpisodePlace& place, const Episodes& episodes,
                       std::int64_t* actions) const {
  const RandomKey key = episodes_key(place);
  const RandomStream expert(key.child("expert"));
  const RandomStream cue(key.child("cue policy"));
  DoorHistory past;
  std::vector<double> action;
  for (std::int64_t i = 0; i < episodes.count(); ++i) {
    const auto at = static_cast<std::size_t>(i);
    const std::int64_t good = as_index(episodes.values(0)[i]);
    if (policy == ReferencePolicy::optimal) {
      actions[i] = good;
    } else if (policy == ReferencePolicy::expert) {
      actions[i] =
          told_door(options_.law, good, expert.uniform(episodes.number[at], episodes.step[at]));
    } else {
      read_history(episodes, i, past);
      naive_action(past, action);
      actions[i] = drawn_door(action, cue.uniform(episodes.number[at], episodes.step[at]));
    }
  }
}

void DoorWorld::note(const EpisodePlace& place, const Episodes& episodes,
                     const Intervention& intervention, Sample& sample) const {
  const std::int64_t doors = options_.law.doors;
  sample.causal = at::empty({episodes.count(), doors}, at::kFloat);
  sample.spurious = at::zeros({episodes.count(), doors}, at::kFloat);
  float* causal = sample.causal.data_ptr<float>();
  float* spurious = sample.spurious.data_ptr<float>();
  for (std::int64_t i = 0; i < episodes.count(); ++i) {
    const DoorHistory past = history(episodes, i);
    for (std::int64_t d = 0; d < doors; ++d) {
      causal[i * doors + d] = static_cast<float>(past.evidence[static_cast<std::size_t>(d)]);
      if (!intervention.acts_on(kRecord)) {
        spurious[i * doors + d] = static_cast<float>(past.opened[static_cast<std::size_t>(d)]);
      }
    }
    if (!intervention.acts_on(kRecord)) continue;
    for (const std::int64_t door : resampled_record(place, episodes, i)) {
      spurious[i * doors + door] += 1.0F;
    }
  }
}

std::optional<ExactPredictive> DoorWorld::predictive(const EpisodePlace& /*place*/,
                                                     const Episodes& episodes) const {
  ExactPredictive out;
  const std::int64_t doors = options_.law.doors;
  out.conditional = at::empty({episodes.count(), doors}, at::kDouble);
  out.interventional = at::empty({episodes.count(), doors}, at::kDouble);
  out.reward = at::empty({episodes.count(), doors}, at::kDouble);
  const auto write = [&](Tensor& to, std::int64_t i, const std::vector<double>& numbers) {
    std::copy(numbers.begin(), numbers.end(), to.data_ptr<double>() + i * doors);
  };
  for (std::int64_t i = 0; i < episodes.count(); ++i) {
    const DoorHistory past = history(episodes, i);
    const DoorLaw& law = options_.law;
    write(out.conditional, i,
          next_expert_action(law, door_posterior(law, past, PastActions::evidence)));
    std::vector<double> good = door_posterior(law, past, PastActions::intervention);
    write(out.interventional, i, next_expert_action(law, good));
    for (double& one : good) one /= static_cast<double>(options_.horizon);
    write(out.reward, i, good);
  }
  return out;
}

}  // namespace spurion::environments
