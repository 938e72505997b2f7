// Worlds of doors whose expert knows the good one, against sums over all that may have happened.
#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "catch.hpp"
#include "environments/shared/ceilings/door_ceilings.hpp"
#include "environments/shared/door_beliefs.hpp"
#include "spurion/interactive.hpp"
#include "unit/environments/splits.hpp"
#include "unit/environments/synthetic_worlds.hpp"

namespace spurion {
namespace {

using environments::DoorHistory;
using environments::DoorLaw;
using environments::PastActions;
using tests::kTest;
using tests::synthetic_world;

/// A step of a trace.
struct Seen {
  std::int64_t door = 0;
  bool one = false;
};

double expert_takes(const DoorLaw& law, std::int64_t good, std::int64_t door) {
  return door == good ? 1.0 - law.eps_exp : law.eps_exp / static_cast<double>(law.doors - 1);
}

double shows(const DoorLaw& law, std::int64_t good, const Seen& seen) {
  return (seen.door == good) == seen.one ? 1.0 - law.eps_obs : law.eps_obs;
}

/// P(next action of the expert = door | trace), summed over the good door.
double enumerated_next(const DoorLaw& law, const std::vector<Seen>& trace, std::int64_t door,
                       bool actions_are_evidence) {
  double all = 0.0;
  double with = 0.0;
  for (std::int64_t good = 0; good < law.doors; ++good) {
    double joint = 1.0 / static_cast<double>(law.doors);
    for (const Seen& seen : trace) {
      joint *= shows(law, good, seen);
      if (actions_are_evidence) joint *= expert_takes(law, good, seen.door);
    }
    all += joint;
    with += joint * expert_takes(law, good, door);
  }
  return with / all;
}

TEST_CASE("doors: both predictives are those of an enumeration") {
  const auto check = [](const std::string& name, const Value::Table& options, const DoorLaw& law) {
    const auto world = synthetic_world(name, options);
    const InteractiveEnvironment& acting = *world->interactive();
    const Domain domain = world->test_domain();
    const EpisodePlace place{domain, Split::test};
    std::vector<std::int64_t> numbers(40);
    for (std::size_t i = 0; i < numbers.size(); ++i) numbers[i] = static_cast<std::int64_t>(i);
    Episodes episodes = acting.reset(place, numbers);
    std::vector<std::vector<Seen>> traces(numbers.size());
    std::vector<float> rewards;
    const auto horizon = static_cast<double>(acting.acting().horizon);
    for (int t = 0; t < 6; ++t) {
      const ExactPredictive known = acting.predictive(place, episodes).value();
      for (std::size_t i = 0; i < traces.size(); ++i) {
        const auto row = static_cast<std::int64_t>(i);
        for (std::int64_t door = 0; door < law.doors; ++door) {
          CHECK(std::abs(known.conditional[row][door].item<double>() -
                         enumerated_next(law, traces[i], door, true)) < 1e-9);
          CHECK(std::abs(known.interventional[row][door].item<double>() -
                         enumerated_next(law, traces[i], door, false)) < 1e-9);
          // The expert opens the good door with probability 1 - eps_exp, else one of the others.
          const double good = (enumerated_next(law, traces[i], door, false) - law.other()) /
                              (law.good() - law.other());
          CHECK(std::abs(known.reward[row][door].item<double>() * horizon - good) < 1e-9);
        }
      }
      const auto actions = acting.act(
          t % 2 == 0 ? ReferencePolicy::random : ReferencePolicy::expert, place, episodes);
      const Episodes before = episodes;
      acting.step(place, actions, episodes, rewards);
      for (std::size_t i = 0; i < traces.size(); ++i) {
        const std::int64_t ones = 2 + law.doors + actions[i];
        traces[i].push_back({actions[i], episodes.values(ones)[i] > before.values(ones)[i]});
      }
    }
  };
  check("confounded_bandit", {{"doors", 4}, {"eps_obs", 0.1}, {"eps_exp", 0.4}, {"horizon", 8}},
        {4, 0.1, 0.4});
  check("delusion", {{"expert_reliability", 0.9}, {"observation_reliability", 0.6}}, {2, 0.4, 0.1});
}

TEST_CASE("doors: beliefs latch beyond q / (p + q)") {
  for (const double eps_exp : {0.1, 0.3}) {
    CHECK(environments::latching_boundary({2, 0.1, eps_exp}) == Approx(eps_exp));
  }
  const std::vector<std::pair<double, double>> known = {
      {0.05, 0.0130}, {0.2, 0.0588}, {0.4, 0.1429}, {0.6, 0.2727}};
  for (const auto& [eps_exp, boundary] : known) {
    CHECK(std::abs(environments::latching_boundary({5, 0.1, eps_exp}) - boundary) < 5e-5);
    // There actions add as much to the log-odds as observations take away.
    const DoorLaw law{5, environments::latching_boundary({5, 0.1, eps_exp}), eps_exp};
    const double added = (law.good() - law.other()) * law.action_weight();
    const double taken =
        (law.good() + law.other()) * (1.0 - 2.0 * law.eps_obs) * law.observation_weight();
    CHECK(added == Approx(taken).epsilon(1e-12));
  }
}

TEST_CASE("confounded_bandit: success of the naive and the interventional learner") {
  constexpr std::int64_t kSteps = 2000;
  constexpr std::int64_t kEpisodes = 100;
  const DoorLaw law{5, 0.3, 0.2};
  const auto world = synthetic_world("confounded_bandit", {{"horizon", kSteps}});
  const InteractiveEnvironment& acting = *world->interactive();
  const Domain domain = world->test_domain();
  const EpisodePlace place{domain, Split::test};
  std::vector<std::int64_t> numbers(kEpisodes);
  for (std::size_t i = 0; i < numbers.size(); ++i) numbers[i] = static_cast<std::int64_t>(i);
  // It takes the door with the most evidence, and another one with probability eps_exp.
  const RandomStream swaps(RandomKey(3).child("swaps"));
  const auto interventional = [&](const Episodes& episodes) {
    std::vector<std::int64_t> actions(numbers.size());
    for (std::size_t i = 0; i < actions.size(); ++i) {
      std::int64_t best = 0;
      double most = -1e9;
      for (std::int64_t door = 0; door < law.doors; ++door) {
        const double evidence =
            2.0 * episodes.values(2 + law.doors + door)[i] - episodes.values(2 + door)[i];
        if (evidence > most) best = door;
        most = std::max(most, evidence);
      }
      const std::int64_t lane = 2 * episodes.step[i];
      if (swaps.uniform(numbers[i], lane) < law.eps_exp) {
        best = (best + 1 + swaps.below(law.doors - 1, numbers[i], lane + 1)) % law.doors;
      }
      actions[i] = best;
    }
    return actions;
  };
  const auto success = [&](bool naive) {
    Episodes episodes = acting.reset(place, numbers);
    std::vector<float> rewards;
    double late = 0.0;
    for (std::int64_t t = 0; t < kSteps; ++t) {
      acting.step(
          place,
          naive ? acting.act(ReferencePolicy::cue, place, episodes) : interventional(episodes),
          episodes, rewards);
      if (t < kSteps - 200) continue;
      for (const float reward : rewards) late += reward > 0.0F ? 1.0 : 0.0;
    }
    return late / static_cast<double>(200 * kEpisodes);
  };
  // An episode that latches has a success of its own: standard errors .031 and .003.
  CHECK(std::abs(success(true) - 0.217) < 0.1);
  CHECK(std::abs(success(false) - 0.801) < 0.012);
}

/// Success of the naive learner in the last 100 of 1000 steps, and its standard error.
std::pair<double, double> late_naive_success(const DoorLaw& law) {
  constexpr std::int64_t kSteps = 1000;
  constexpr std::int64_t kEpisodes = 100;
  const auto world = synthetic_world("confounded_bandit", {{"doors", law.doors},
                                                           {"eps_obs", law.eps_obs},
                                                           {"eps_exp", law.eps_exp},
                                                           {"horizon", kSteps}});
  const InteractiveEnvironment& acting = *world->interactive();
  const Domain domain = world->test_domain();
  const EpisodePlace place{domain, Split::test};
  std::vector<std::int64_t> numbers(kEpisodes);
  for (std::size_t i = 0; i < numbers.size(); ++i) numbers[i] = static_cast<std::int64_t>(i);
  Episodes episodes = acting.reset(place, numbers);
  std::vector<float> rewards;
  std::vector<double> late(numbers.size(), 0.0);
  for (std::int64_t t = 0; t < kSteps; ++t) {
    acting.step(place, acting.act(ReferencePolicy::cue, place, episodes), episodes, rewards);
    for (std::size_t i = 0; t >= kSteps - 100 && i < late.size(); ++i) {
      late[i] += rewards[i] > 0.0F ? 0.01 : 0.0;
    }
  }
  double mean = 0.0;
  double squares = 0.0;
  for (const double one : late) mean += one / static_cast<double>(kEpisodes);
  for (const double one : late) squares += (one - mean) * (one - mean);
  return {mean, std::sqrt(squares / static_cast<double>(kEpisodes * (kEpisodes - 1)))};
}

TEST_CASE("confounded_bandit: the naive learner fails from q / (p + q) on, and not before") {
  // Over both errors: below the boundary a wrong belief dies out, so success is that of the expert.
  for (const double eps_exp : {0.05, 0.2, 0.4, 0.6}) {
    const double boundary = environments::latching_boundary({5, 0.1, eps_exp});
    const auto [below, below_error] = late_naive_success({5, boundary / 2.0, eps_exp});
    const auto [above, above_error] =
        late_naive_success({5, std::min(0.45, 2.0 * boundary), eps_exp});
    CAPTURE(eps_exp, boundary, below, below_error, above, above_error);
    CHECK(std::abs(below - (1.0 - eps_exp)) < 4.0 * below_error + 0.01);
    CHECK(above < 1.0 - eps_exp - 4.0 * above_error);
  }
}

TEST_CASE("delusion: what an uninformative action of its own costs a naive predictor") {
  const DoorLaw law{2, 0.25, 0.25};
  const DoorHistory acted{{1.0, 0.0}, {0.0, 0.0}};
  const double naive = environments::next_observation(
      law, environments::door_posterior(law, acted, PastActions::evidence), 0);
  const double truth = environments::next_observation(
      law, environments::door_posterior(law, acted, PastActions::intervention), 0);
  CHECK(naive == Approx(0.625).epsilon(1e-12));
  CHECK(truth == Approx(0.5).epsilon(1e-12));
  const double excess =
      truth * std::log(truth / naive) + (1.0 - truth) * std::log((1.0 - truth) / (1.0 - naive));
  CHECK(std::abs(excess - 0.0323) < 5e-5);
}

/// P(the guess is right) after `left` more steps, the good door being 0, by all traces.
double enumerated_guess(const DoorLaw& law, const environments::DoorScore& score,
                        const DoorHistory& past, std::int64_t left) {
  if (left == 0) {
    std::vector<double> scores;
    for (std::size_t d = 0; d < past.opened.size(); ++d) {
      scores.push_back(score.opened * past.opened[d] + score.evidence * past.evidence[d]);
    }
    const double largest = *std::max_element(scores.begin(), scores.end());
    if (scores[0] < largest - 1e-9) return 0.0;
    return 1.0 / static_cast<double>(std::count_if(scores.begin(), scores.end(), [&](double one) {
             return one > largest - 1e-9;
           }));
  }
  double sum = 0.0;
  for (std::int64_t door = 0; door < law.doors; ++door) {
    for (const bool one : {false, true}) {
      DoorHistory later = past;
      later.opened[static_cast<std::size_t>(door)] += 1.0;
      later.evidence[static_cast<std::size_t>(door)] += one ? 1.0 : -1.0;
      sum += expert_takes(law, 0, door) * shows(law, 0, {door, one}) *
             enumerated_guess(law, score, later, left - 1);
    }
  }
  return sum;
}

TEST_CASE("doors: right guesses are those of all traces") {
  for (const DoorLaw& law : {DoorLaw{3, 0.2, 0.3}, DoorLaw{2, 0.25, 0.25}}) {
    const double evidence = law.observation_weight();
    const std::vector<environments::DoorScore> scores = {
        {law.action_weight(), evidence}, {0.0, evidence}, {1.0, 0.0}, {0.0, 0.0}, {-0.5, 0.5}};
    for (const auto& score : scores) {
      double mean = 0.0;
      const auto doors = static_cast<std::size_t>(law.doors);
      const DoorHistory none{std::vector<double>(doors, 0.0), std::vector<double>(doors, 0.0)};
      for (std::int64_t t = 0; t < 5; ++t) mean += enumerated_guess(law, score, none, t) / 5.0;
      CHECK(environments::right_guesses(law, score, 5) == Approx(mean).epsilon(1e-12));
    }
  }
}

/// Accuracy on rows of the guess with these weights of what was opened and of the evidence.
double scored_rows(const Sample& rows, double opened, double evidence) {
  const Tensor score =
      rows.spurious.to(at::kDouble) * opened + rows.causal.to(at::kDouble) * evidence;
  const Tensor best = score.ge(score.amax(1, true) - 1e-9).to(at::kDouble);
  const Tensor share = best / best.sum(1, true);
  return share.gather(1, rows.y.unsqueeze(1)).mean().item<double>();
}

TEST_CASE("confounded_bandit: ceilings are those of its rows") {
  CHECK(tests::rows_are_addressable("confounded_bandit", {{"horizon", 10}}));
  const auto world = synthetic_world("confounded_bandit", {{"horizon", 20}});
  const DoorLaw law{5, 0.3, 0.2};
  constexpr std::int64_t kRows = 4000;
  for (const double shift : {0.0, 0.5, 1.0}) {
    const Domain domain = world->at(shift);
    const Sample rows = world->sample(domain, kTest, {0, kRows});
    const Ceilings known = world->ceilings(domain);
    CHECK(known.bayes.exactness == Exactness::enumerated);
    const double evidence = law.observation_weight();
    const auto close = [&](double opened, double seen, double value) {
      CHECK(std::abs(scored_rows(rows, opened, seen) - value) < 0.035);
    };
    close(law.blurred(shift).action_weight(), evidence, known.bayes.value);
    close(0.0, evidence, known.invariant.value);
    close(1.0, 0.0, known.spurious_only.value);
    close(law.action_weight(), evidence, known.population_erm->value);
  }
  const Ceilings test = world->ceilings(world->test_domain());
  CHECK(test.bayes.value == Approx(test.invariant.value));
  CHECK(test.spurious_only.value == Approx(0.2));
  CHECK(test.population_erm->value < test.invariant.value - 0.05);
  CHECK(world->ceilings(world->train_domains()[0]).population_erm->value ==
        Approx(world->ceilings(world->train_domains()[0]).bayes.value));
  // Long episodes are counted, not enumerated.
  const auto longer = synthetic_world("confounded_bandit", {{"horizon", 90}});
  const Ceilings counted = longer->ceilings(longer->test_domain());
  CHECK(counted.bayes.exactness == Exactness::empirical);
  CHECK(counted.invariant.error_bound > 0.0);
  CHECK(std::abs(counted.spurious_only.value - 0.2) <= counted.spurious_only.error_bound);
}

TEST_CASE("doors: a resampled record keeps the evidence, and sequences show what counts count") {
  const Intervention twin = Intervention::resample("own_actions");
  const auto counts = synthetic_world("delusion", {{"input", "counts"}, {"boxes", 3}});
  const auto tokens = synthetic_world("delusion", {{"boxes", 3}});
  const Domain domain = counts->train_domains()[0];
  const Sample rows = counts->sample(domain, kTest, {0, 300});
  const Sample shown = tokens->sample(domain, kTest, {0, 300});
  CHECK(at::equal(rows.causal, shown.causal));
  CHECK(at::equal(rows.y, shown.y));
  // [B, T, 3 K + 1]: the record, then door and observation, then the mark of the beginning.
  CHECK(at::equal(shown.x.narrow(2, 0, 3).sum(1), shown.spurious));
  const Tensor seen = shown.x.narrow(2, 3, 6).sum(1).reshape({-1, 3, 2});
  CHECK(at::equal(seen.select(2, 1) - seen.select(2, 0), shown.causal));
  CHECK(shown.x.select(2, 9).sum(1).eq(1.0).all().item<bool>());
  CHECK(at::allclose(rows.x.narrow(1, 0, 3) * 4.0, rows.causal));
  CHECK(at::allclose(rows.x.narrow(1, 3, 3) * 4.0, rows.spurious));
  for (const auto* world : {counts.get(), tokens.get()}) {
    const Sample factual = world->sample(domain, kTest, {0, 300});
    const Sample other = world->sample(domain, kTest, {0, 300}, twin);
    CHECK(at::equal(factual.causal, other.causal));
    CHECK(at::equal(factual.y, other.y));
    CHECK(at::equal(factual.spurious.sum(1), other.spurious.sum(1)));
    CHECK_FALSE(at::equal(factual.spurious, other.spurious));
  }
  const Sample other = tokens->sample(domain, kTest, {0, 300}, twin);
  CHECK(at::equal(other.x.narrow(2, 0, 3).sum(1), other.spurious));
  CHECK(at::equal(other.x.narrow(2, 3, 7), shown.x.narrow(2, 3, 7)));
  CHECK_THROWS_AS(synthetic_world("confounded_bandit", {{"doors", 2}, {"eps_exp", 0.6}}),
                  UsageError);
  CHECK_THROWS_AS(synthetic_world("delusion", {{"horizon", 257}}), UsageError);
}

TEST_CASE("doors: returns of the reference policies") {
  const auto world = synthetic_world("delusion", {{"horizon", 2}});
  const ReferenceReturns known = world->interactive()->references(world->test_domain());
  CHECK(known.optimal.value == 1.0);
  CHECK(known.expert.value == Approx(0.75));
  CHECK(known.random.value == 0.5);
  // First a coin. Then with p = 3/4 for actions and observations: the odds of the box that was
  // opened are 9 after a one, 1 after a zero; of these it draws the action of the expert.
  const double after_one = 0.25 + 0.5 * 0.9;
  const double right_first = 0.75 * after_one + 0.25 * 0.5;
  const double wrong_first = 0.25 * (1.0 - after_one) + 0.75 * 0.5;
  CHECK(known.cue.exactness == Exactness::enumerated);
  CHECK(known.cue.value == Approx(0.5 * (0.5 + 0.5 * (right_first + wrong_first))).epsilon(1e-12));
}

}  // namespace
}  // namespace spurion
