#include <ATen/ATen.h>

#include <cmath>

#include "acting/reference_returns.hpp"
#include "catch.hpp"
#include "environments/traffic_world/traffic_road.hpp"
#include "unit/environments/splits.hpp"
#include "unit/environments/synthetic_worlds.hpp"

namespace spurion {
namespace {

using environments::may_go;
using environments::traffic_move;
using environments::TrafficFigures;
using environments::TrafficState;
using tests::kTest;
using tests::synthetic_world;

TEST_CASE("traffic_world: what a step brings") {
  CHECK(traffic_move({1, 3, true, false}, false).reward == -1.0);
  CHECK(traffic_move({1, 3, true, false}, true).agent == 2);
  const auto crash = traffic_move({2, 3, true, false}, true);
  CHECK(crash.reward == -10.0);
  CHECK(crash.over);
  const auto green = traffic_move({6, 9, true, false}, true);
  CHECK(green.reward == 10.0);
  CHECK_FALSE(green.over);
  const auto red = traffic_move({6, 9, true, true}, true);
  CHECK(red.reward == -10.0);
  CHECK((red.over && red.ran_red));
  CHECK(traffic_move({6, 9, true, true}, false).reward == -1.0);
  const auto goal = traffic_move({12, 14, true, true}, true);
  CHECK(goal.reward == 10.0);
  CHECK((goal.over && goal.at_goal));
  CHECK(may_go({1, 3, false, true}));
  CHECK_FALSE(may_go({2, 3, true, false}));
  CHECK_FALSE(may_go({6, 9, true, true}));
  CHECK(may_go({6, 9, false, false}));
  CHECK(may_go({12, 13, false, true}));
}

TEST_CASE(
    "traffic_world: the expert is optimal, and the lead car is worth following only in training") {
  for (const double switching : {0.1, 0.25, 0.9}) {
    for (const double shift : {0.0, 0.5, 1.0}) {
      CAPTURE(switching, shift);
      const TrafficFigures known({switching, 0.2, 30}, shift);
      CHECK(known.expert() == Approx(known.optimal()).epsilon(1e-12));
      CHECK(known.cue() < known.optimal());
      CHECK(known.random() < known.expert());
    }
  }
  const TrafficFigures train({0.25, 0.2, 30}, 0.0);
  const TrafficFigures test({0.25, 0.2, 30}, 1.0);
  CHECK(train.cue() > train.random() + 5.0);
  CHECK(test.cue() < train.cue() - 5.0);
}

TEST_CASE("traffic_world: exact returns and ceilings agree with simulation") {
  const auto world = synthetic_world("traffic_world");
  const InteractiveEnvironment& road = *world->interactive();
  for (const double shift : {0.0, 0.4}) {
    const Domain domain = world->at(shift);
    const ReferenceReturns known = road.references(domain);
    for (const auto& [policy, value] : {std::pair(ReferencePolicy::expert, known.expert.value),
                                        std::pair(ReferencePolicy::cue, known.cue.value),
                                        std::pair(ReferencePolicy::random, known.random.value)}) {
      const Ceiling found = acting::simulated_return(road, domain, policy, 3000);
      CAPTURE(reference_policy_name(policy), found.value);
      CHECK(std::abs(found.value - value) <= found.error_bound);
    }
    const Sample rows = world->sample(domain, kTest, {0, 3000});
    const Ceilings ceilings = world->ceilings(domain);
    CHECK(rows.spurious.select(1, 0).eq(rows.y).to(at::kFloat).mean().item<double>() ==
          Approx(ceilings.spurious_only.value).margin(0.04));
    CHECK(ceilings.invariant.value <= ceilings.bayes.value);
    // In training the lead car shows the light, which is seen badly.
    if (shift == 0.0) CHECK(ceilings.bayes.value > ceilings.invariant.value + 0.003);
  }
}

TEST_CASE("traffic_world: the light is what is seen of it, and the twin is the other movement") {
  const auto world = synthetic_world("traffic_world", {{"light_noise", 0.0}});
  const Sample rows = world->sample(world->test_domain(), kTest, {0, 500});
  const Sample twins =
      world->sample(world->test_domain(), kTest, {0, 500}, Intervention::flip("lead_moved"));
  CHECK(at::equal(twins.spurious, 1 - rows.spurious));
  CHECK(at::equal(twins.x.select(1, 2), 1 - rows.x.select(1, 2)));
  CHECK(at::equal(twins.y, rows.y));
  const Tensor cells = (rows.x * 14.0).round();
  const Tensor room = (cells.select(1, 3) - cells.select(1, 0)).ge(2) | cells.select(1, 3).ge(13);
  const Tensor stopped = cells.select(1, 0).eq(6) & rows.x.select(1, 5).eq(1);
  CHECK(at::equal((room & ~stopped).to(at::kLong), rows.y));
  const Ceilings ceilings = world->ceilings(world->test_domain());
  CHECK(ceilings.invariant.value == Approx(1.0));
}

}  // namespace
}  // namespace spurion
