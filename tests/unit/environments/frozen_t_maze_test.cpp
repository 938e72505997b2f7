// The T-maze with ice: returns and ceilings against what can be worked out by hand.
#include <ATen/ATen.h>

#include <cmath>
#include <vector>

#include "catch.hpp"
#include "environments/frozen_t_maze/t_maze.hpp"
#include "spurion/interactive.hpp"
#include "unit/environments/splits.hpp"
#include "unit/environments/synthetic_worlds.hpp"

namespace spurion {
namespace {

using environments::TMaze;
using tests::kTest;
using tests::synthetic_world;

std::vector<std::int64_t> maze_numbers(std::int64_t count) {
  std::vector<std::int64_t> numbers;
  for (std::int64_t i = 0; i < count; ++i) numbers.push_back(i);
  return numbers;
}

/// Episodes of a policy to their end.
Episodes finished(const InteractiveEnvironment& world, const Domain& domain,
                  ReferencePolicy policy) {
  const EpisodePlace place{domain, Split::test};
  Episodes episodes = world.reset(place, maze_numbers(400));
  std::vector<float> rewards;
  while (!episodes.all_done()) {
    world.step(place, world.act(policy, place, episodes), episodes, rewards);
  }
  return episodes;
}

double flagged_share(const std::vector<std::uint8_t>& flags) {
  double sum = 0.0;
  for (const std::uint8_t flag : flags) sum += flag;
  return sum / static_cast<double>(flags.size());
}

TEST_CASE("frozen_t_maze: with memory 1, by location 1 - e / 2") {
  const auto world = synthetic_world("frozen_t_maze");
  const InteractiveEnvironment& acting = *world->interactive();
  for (const double shift : {0.0, 0.4, 1.0}) {
    const ReferenceReturns known = acting.references(world->at(shift));
    CHECK(known.optimal.value == Approx(1.0).epsilon(1e-12));
    CHECK(known.expert.value == Approx(1.0).epsilon(1e-12));
    CHECK(known.cue.value == Approx(1.0 - shift / 2.0).epsilon(1e-12));
    CHECK(known.random.value < 0.5);
    CHECK(known.cue.exactness == Exactness::enumerated);
    const Episodes habit = finished(acting, world->at(shift), ReferencePolicy::cue);
    CHECK(flagged_share(habit.proxy) == 1.0);
    CHECK(std::abs(flagged_share(habit.goal) - (1.0 - shift / 2.0)) < 0.1);
    const Episodes expert = finished(acting, world->at(shift), ReferencePolicy::expert);
    CHECK(flagged_share(expert.goal) == 1.0);
    CHECK(std::abs(flagged_share(expert.proxy) - (1.0 - shift / 2.0)) < 0.1);
  }
}

TEST_CASE("frozen_t_maze: the policy that is called best has the value of the process") {
  const TMaze maze(6);
  const auto process = maze.process(0.7);
  const environments::ProcessSpan span{20, 0.9};
  std::vector<std::int64_t> actions;
  for (std::int64_t s = 0; s < maze.states(); ++s) {
    CHECK(maze.state(maze.place(s)) == s);
    actions.push_back(maze.best(maze.place(s)));
  }
  const auto best = environments::evaluate(
      process, environments::deterministic_policy(actions, TMaze::kActions), span);
  const double value = environments::expected_value(maze.start(), best);
  CHECK(environments::expected_value(maze.start(), environments::solve(process, span).values) ==
        Approx(value).epsilon(1e-12));
  // Right five times, then two steps down or up; after the ice one step, or three, instead.
  const double slid = 0.5 * std::pow(0.9, 5) + 0.5 * std::pow(0.9, 7);
  CHECK(value == Approx(0.3 * std::pow(0.9, 6) + 0.7 * slid).epsilon(1e-12));
}

TEST_CASE("frozen_t_maze: ceilings are those of its rows") {
  CHECK(tests::rows_are_addressable("frozen_t_maze", {}));
  const auto world = synthetic_world("frozen_t_maze");
  // In training 8 steps: the first is a coin for who sees the location only.
  const Ceilings train = world->ceilings(world->train_domains()[0]);
  CHECK(train.bayes.value == 1.0);
  CHECK(train.invariant.value == 1.0);
  CHECK(train.spurious_only.value == Approx(7.5 / 8.0).epsilon(1e-12));
  CHECK(train.chance == Approx(6.0 / 8.0).epsilon(1e-12));
  // On ice half of the episodes have two steps more, and both are wrong by location.
  const Ceilings test = world->ceilings(world->test_domain());
  CHECK(test.spurious_only.value == Approx(7.5 / 9.0).epsilon(1e-12));
  CHECK(test.chance == Approx(6.0 / 9.0).epsilon(1e-12));
  const auto blind = synthetic_world("frozen_t_maze", {{"memory", "none"}});
  const Ceilings blind_train = blind->ceilings(blind->train_domains()[0]);
  CHECK(blind_train.bayes.value == Approx(1.0).epsilon(1e-12));
  CHECK(blind_train.invariant.value == Approx(7.5 / 8.0).epsilon(1e-12));
  const Ceilings blind_test = blind->ceilings(blind->test_domain());
  CHECK(blind_test.bayes.value == Approx(8.25 / 9.0).epsilon(1e-12));
  CHECK(blind_test.invariant.value == Approx(8.0 / 9.0).epsilon(1e-12));

  const Sample rows = world->sample(world->test_domain(), kTest, {0, 4000});
  CHECK(std::abs(rows.y.eq(std::int64_t{TMaze::right}).to(at::kDouble).mean().item<double>() -
                 test.chance) < 0.035);
}

TEST_CASE("frozen_t_maze: memory shows the signal, and twins change the row only") {
  const auto world = synthetic_world("frozen_t_maze");
  const auto blind = synthetic_world("frozen_t_maze", {{"memory", "none"}});
  const auto history = synthetic_world("frozen_t_maze", {{"memory", "history"}});
  const Domain domain = world->test_domain();
  const Sample signal = world->sample(domain, kTest, {0, 200});
  const Sample none = blind->sample(domain, kTest, {0, 200});
  const Sample past = history->sample(domain, kTest, {0, 200});
  CHECK(at::equal(signal.y, past.y));
  CHECK(at::equal(signal.x.select(1, 21), signal.causal.select(1, 0)));
  CHECK(at::equal(signal.x.narrow(1, 0, 21), none.x.narrow(1, 0, 21)));
  CHECK(at::equal(past.x.select(1, 11), none.x));
  // The start is in the window, and with it the signal.
  CHECK(at::equal(past.x.select(2, 21).sum(1), signal.causal.select(1, 0)));
  const Intervention twin = Intervention::resample("location");
  const Sample other = world->sample(domain, kTest, {0, 200}, twin);
  CHECK(at::equal(other.y, signal.y));
  CHECK(at::equal(other.causal, signal.causal));
  CHECK(at::equal(other.spurious.select(1, 1), signal.spurious.select(1, 1)));
  CHECK_FALSE(at::equal(other.spurious, signal.spurious));
  CHECK(at::equal(other.x.select(1, 21), signal.x.select(1, 21)));
  CHECK_THROWS_AS(synthetic_world("frozen_t_maze", {{"length", 10}, {"horizon", 12}}), UsageError);
  CHECK_THROWS_AS(synthetic_world("frozen_t_maze", {{"memory", "history"}, {"window", 9}}),
                  UsageError);
}

}  // namespace
}  // namespace spurion
