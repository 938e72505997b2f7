#include <ATen/ATen.h>

#include <algorithm>

#include "acting/reference_returns.hpp"
#include "catch.hpp"
#include "environments/monster_world/monster_game.hpp"
#include "unit/environments/splits.hpp"
#include "unit/environments/synthetic_worlds.hpp"

namespace spurion {
namespace {

using environments::Board;
using environments::MonsterBoard;
using environments::MonsterGame;
using tests::kTest;
using tests::synthetic_world;

TEST_CASE("monster_world: apples, shields and monsters do what they are for") {
  const MonsterGame game({5, 1, 1, 1, 0.0});
  const RandomStream draws(RandomKey(1));
  // Agent in the middle; apple left, shield right, monster above; nothing moves by itself.
  MonsterBoard now{12, Board::only(11), Board::only(13), Board::only(7), 0};
  MonsterBoard apple = now;
  auto events = game.step(environments::kLeft, draws, 0, 0, apple);
  CHECK((events.apples == 1 && events.hits == 0));
  CHECK(environments::count(apple.apples) == 1);
  CHECK_FALSE(Board::has(apple.apples, 11));
  MonsterBoard hit = now;
  events = game.step(environments::kUp, draws, 0, 0, hit);
  CHECK(events.hits == 1);
  CHECK(environments::count(hit.monsters) == 1);
  CHECK_FALSE(Board::has(hit.monsters, 7));
  MonsterBoard armed = now;
  events = game.step(environments::kRight, draws, 0, 0, armed);
  CHECK((armed.held == 1 && !events.spare_shield));
  armed.agent = 12;
  events = game.step(environments::kUp, draws, 0, 1, armed);
  CHECK((events.hits == 0 && armed.monsters == 0 && armed.held == 0));
  armed.shields = Board::only(8);
  events = game.step(environments::kRight, draws, 0, 2, armed);
  CHECK(events.spare_shield);
  // Monsters that always chase come one step nearer.
  const MonsterGame fast({5, 1, 1, 1, 0.999999999});
  MonsterBoard chased{24, Board::only(20), Board::only(4), Board::only(0), 0};
  fast.step(environments::kDown, draws, 3, 0, chased);
  CHECK(chased.monsters == Board::only(5));
}

TEST_CASE("monster_world: the expert takes shields only while monsters are left") {
  const MonsterGame game({5, 1, 1, 1, 0.0});
  // A shield is two steps up, an apple three to the right.
  MonsterBoard now{22, Board::only(19), Board::only(12), Board::only(0), 0};
  CHECK(game.useful_way(now) == environments::kUp);
  CHECK(game.way_to_shield(now) == environments::kUp);
  now.monsters = 0;
  CHECK(
      (game.useful_way(now) == environments::kRight || game.useful_way(now) == environments::kUp));
  now.apples = Board::only(24);
  CHECK(game.useful_way(now) == environments::kRight);
  // Without a shield it does not step beside a monster.
  now.monsters = Board::only(17);
  now.shields = Board::only(12);
  now.apples = Board::only(2);
  CHECK(game.useful_way(now) != environments::kUp);
}

TEST_CASE("monster_world: episodes have the steps of their domain, and shields mislead late") {
  const auto world = synthetic_world("monster_world");
  const InteractiveEnvironment& game = *world->interactive();
  std::vector<float> rewards;
  for (const double length : {25.0, 60.0}) {
    const Domain domain = world->at(length);
    const EpisodePlace place{domain, kTest};
    Episodes episodes = game.reset(place, {0, 1, 2});
    while (!episodes.all_done()) {
      game.step(place, game.act(ReferencePolicy::expert, place, episodes), episodes, rewards);
      const Tensor seen = game.observe(place, episodes);
      CHECK(seen.narrow(1, 0, 3).sum({2, 3}).eq(at::tensor({1.0F, 3.0F, 3.0F})).all().item<bool>());
    }
    CHECK(episodes.step == std::vector<std::int64_t>(3, static_cast<std::int64_t>(length)));
  }
  const ReferenceReturns train = game.references(world->train_domains().front());
  const ReferenceReturns test = game.references(world->test_domain());
  for (const ReferenceReturns& known : {train, test}) {
    CHECK(known.expert.value > known.cue.value + known.cue.error_bound);
    CHECK(known.expert.value > known.random.value + known.random.error_bound);
  }
  // Following shields loses more of what the expert earns, the longer an episode is.
  CHECK(test.cue.value / test.expert.value < 0.75);
}

TEST_CASE("monster_world: twins have other shields and the same action of the expert") {
  const auto world = synthetic_world("monster_world");
  const Domain domain = world->train_domains().front();
  const Sample rows = world->sample(domain, kTest, {0, 200});
  const Sample twins =
      world->sample(domain, kTest, {0, 200}, Intervention::resample("way_to_shield"));
  CHECK(at::equal(rows.causal.select(1, 0).to(at::kLong), rows.y));
  CHECK(twins.spurious.ne(rows.spurious).sum().item<std::int64_t>() > 40);
  for (const std::int64_t channel : {0, 1, 3, 4}) {
    CHECK(at::equal(rows.x.select(1, channel), twins.x.select(1, channel)));
  }
}

}  // namespace
}  // namespace spurion
