#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

#include "acting/reference_returns.hpp"
#include "environments/shared/ceilings/door_ceilings.hpp"
#include "environments/shared/ceilings/erm_failure_claim.hpp"
#include "environments/shared/door_world.hpp"

// What is known of the worlds of doors without training: facts, ceilings and returns.

namespace spurion::environments {

namespace {

/// The mean of `values` [K] over the doors with the largest score.
double mean_over_best(const DoorHistory& past, const DoorScore& score,
                      const std::vector<double>& values) {
  std::vector<double> scores(values.size());
  for (std::size_t d = 0; d < scores.size(); ++d) {
    scores[d] = score.opened * past.opened[d] + score.evidence * past.evidence[d];
  }
  // Different scores differ by more.
  constexpr double kSame = 1e-9;
  const double largest = *std::max_element(scores.begin(), scores.end());
  double sum = 0.0;
  double equals = 0.0;
  for (std::size_t d = 0; d < scores.size(); ++d) {
    if (scores[d] < largest - kSame) continue;
    sum += values[d];
    equals += 1.0;
  }
  return sum / equals;
}

}  // namespace

void DoorWorld::describe() {
  const DoorLaw& law = options_.law;
  const std::int64_t doors = law.doors;
  std::vector<std::string> names;
  for (std::int64_t d = 0; d < doors; ++d) names.push_back(fmt::format("door {}", d));
  set_actions(std::move(names));
  acting_.state = {"good_door", "demonstration"};
  for (std::int64_t d = 0; d < doors; ++d) acting_.state.push_back(fmt::format("opened_{}", d));
  for (std::int64_t d = 0; d < doors; ++d) acting_.state.push_back(fmt::format("ones_{}", d));
  for (std::int64_t t = 0; sequence() && t < options_.horizon; ++t) {
    acting_.state.push_back(fmt::format("step_{}", t));
  }
  acting_.horizon = options_.horizon;
  acting_.reward = "1 / horizon for every step that opens the good door";
  acting_.goal = "the last step opens the good door";
  acting_.proxy = "a wrong door was opened more often than the good one";
  acting_.samples_actions = true;
  info_.mechanism = fmt::format(
      "theta = one of {0} doors, evenly\n"
      "expert: a_t = theta with probability {1:.6g}, else one of the others, evenly\n"
      "o_t = 1 with probability {2:.6g} if a_t = theta, else with probability {3:.6g}\n"
      "demonstrations: each past a_t is replaced, with probability e, by a uniform door\n"
      "x = what was opened and observed before step t, t uniform in 0..{4}; label = a_t of the "
      "expert\n"
      "return = share of the {5} steps that open the door theta",
      doors, law.good(), 1.0 - law.eps_obs, law.eps_obs, options_.horizon - 1, options_.horizon);
  info_.input_shape = sequence() ? Shape{options_.horizon, 3 * doors + 1} : Shape{2 * doors + 1};
  info_.cue = kRecord;
  info_.causal = kEvidence;
  info_.graph = {
      {{"good_door", Role::hidden, "theta: the expert knows it, the policy does not"},
       {"previous_actions", Role::hidden, "doors that were opened before"},
       {"random_actions", Role::noise,
        "which actions were replaced, with probability e, and by what"},
       {kEvidence, Role::causal, "of each door: observations 1 minus observations 0"},
       {kRecord, Role::spurious, "of each door: how often the past actions opened it"},
       {"observation_noise", Role::noise, "errors of the observations"},
       {"input", Role::observed, "evidence and own actions; with sequences: of each step"},
       {"action", Role::label, "the next action of the expert"}},
      {{"good_door", "previous_actions"},
       {"random_actions", "previous_actions"},
       {"previous_actions", kEvidence},
       {"good_door", kEvidence},
       {"observation_noise", kEvidence},
       {"previous_actions", kRecord},
       {kEvidence, "input"},
       {kRecord, "input"},
       {"good_door", "action"}}};
  info_.shift_axis.name = "e";
  info_.shift_axis.doc = "P(a past action of a demonstration was random, so that it says nothing)";
  if (right_guesses_are_cheap(law, options_.horizon)) {
    info_.misleads_erm = claim_to_mislead(ceilings(domains_.test()));
  }
}

std::vector<Ceiling> DoorWorld::accuracies(const Domain& domain,
                                           const std::vector<DoorScore>& scores) const {
  const DoorLaw& law = options_.law;
  const DoorLaw here = law.blurred(domains_.shift(domain));
  std::vector<Ceiling> out;
  if (right_guesses_are_cheap(law, options_.horizon)) {
    for (const DoorScore& score : scores) {
      const double right = right_guesses(here, score, options_.horizon);
      out.push_back({law.other() + (law.good() - law.other()) * right, Exactness::enumerated, 0.0});
    }
    return out;
  }
  // About half a million steps of demonstrations, beyond the rows of experiments. Given a history,
  // the accuracy of a guess is known.
  constexpr std::int64_t kFirst = std::int64_t{1} << 28;
  const std::int64_t count = std::clamp<std::int64_t>(500000 / options_.horizon, 2000, 20000);
  const Sample rows = sample(domain, Split::test, {kFirst, count});
  std::vector<double> sum(scores.size(), 0.0);
  std::vector<double> squares(scores.size(), 0.0);
  for (std::int64_t i = 0; i < count; ++i) {
    const float* opened = rows.spurious.data_ptr<float>() + i * law.doors;
    const float* evidence = rows.causal.data_ptr<float>() + i * law.doors;
    const DoorHistory past{{opened, opened + law.doors}, {evidence, evidence + law.doors}};
    const std::vector<double> next =
        next_expert_action(law, door_posterior(here, past, PastActions::evidence));
    for (std::size_t s = 0; s < scores.size(); ++s) {
      const double value = mean_over_best(past, scores[s], next);
      sum[s] += value;
      squares[s] += value * value;
    }
  }
  const auto rows_counted = static_cast<double>(count);
  for (std::size_t s = 0; s < scores.size(); ++s) {
    const double value = sum[s] / rows_counted;
    const double variance = std::max(0.0, squares[s] / rows_counted - value * value);
    out.push_back({value, Exactness::empirical, 5.0 * std::sqrt(variance / rows_counted)});
  }
  return out;
}

Ceilings DoorWorld::ceilings(const Domain& domain) const {
  const auto weight = [&](double shift) { return options_.law.blurred(shift).action_weight(); };
  const double evidence = options_.law.observation_weight();
  const std::vector<double>& train = domains_.train_shifts();
  const double least = *std::min_element(train.begin(), train.end());
  const bool one_law = least == *std::max_element(train.begin(), train.end());
  // In every mixture of train domains the door that was opened most often is the most likely.
  const std::vector<Ceiling> known = accuracies(domain, {{weight(domains_.shift(domain)), evidence},
                                                         {0.0, evidence},
                                                         {least < 1.0 ? 1.0 : 0.0, 0.0},
                                                         {weight(least), evidence}});
  Ceilings out;
  out.bayes = known[0];
  out.invariant = known[1];
  out.spurious_only = known[2];
  out.chance = 1.0 / static_cast<double>(options_.law.doors);
  if (one_law) out.population_erm = known[3];
  return out;
}

ReferenceReturns DoorWorld::references(const Domain& /*domain*/) const {
  ReferenceReturns out;
  out.optimal = {1.0, Exactness::closed_form, 0.0};
  out.expert = {options_.law.good(), Exactness::closed_form, 0.0};
  out.random = {1.0 / static_cast<double>(options_.law.doors), Exactness::closed_form, 0.0};
  std::call_once(simulated_, [&] { naive_return_ = naive_return(); });
  out.cue = naive_return_;
  return out;
}

Ceiling DoorWorld::naive_return() const {
  // Histories of T - 1 steps: (T - 1 + 2 K - 1 over 2 K - 1).
  double histories = 1.0;
  for (std::int64_t j = 1; j < 2 * options_.law.doors; ++j) {
    histories *= static_cast<double>(options_.horizon - 1 + j) / static_cast<double>(j);
  }
  if (histories <= 5e3) return exact_naive_return();
  const std::int64_t episodes = std::clamp<std::int64_t>(1000000 / options_.horizon, 1000, 20000);
  return acting::simulated_return(*this, test_domain(), ReferencePolicy::cue, episodes);
}

Ceiling DoorWorld::exact_naive_return() const {
  // The good door is door 0: doors are alike, and ties are broken evenly. A history has [K] how
  // often each door was opened, then [K] its evidence.
  using Key = std::vector<double>;
  const auto doors = static_cast<std::size_t>(options_.law.doors);
  std::vector<double> action;
  std::map<Key, double> now = {{Key(2 * doors, 0.0), 1.0}};
  double sum = 0.0;
  for (std::int64_t t = 0; t < options_.horizon; ++t) {
    std::map<Key, double> next;
    for (const auto& [key, probability] : now) {
      const auto middle = key.begin() + static_cast<std::ptrdiff_t>(doors);
      naive_action({{key.begin(), middle}, {middle, key.end()}}, action);
      sum += probability * action[0];
      for (std::size_t d = 0; d < doors; ++d) {
        const double one = d == 0 ? 1.0 - options_.law.eps_obs : options_.law.eps_obs;
        Key later = key;
        later[d] += 1.0;
        later[doors + d] += 1.0;
        next[later] += probability * action[d] * one;
        later[doors + d] -= 2.0;
        next[later] += probability * action[d] * (1.0 - one);
      }
    }
    now = std::move(next);
  }
  return {sum / static_cast<double>(options_.horizon), Exactness::enumerated, 0.0};
}

}  // namespace spurion::environments
