#include <ATen/ATen.h>

#include <vector>

#include "acting/reference_returns.hpp"
#include "catch.hpp"
#include "environments/brake_light/follower.hpp"
#include "spurion/interactive.hpp"
#include "unit/environments/splits.hpp"
#include "unit/environments/synthetic_worlds.hpp"

namespace spurion {
namespace {

using environments::Follower;
using environments::FollowerRules;
using environments::FollowerState;
using environments::FollowerStep;
using tests::kTest;
using tests::synthetic_world;

TEST_CASE("brake_light: steps by hand") {
  const Follower cars(FollowerRules{});
  const FollowerStep on = cars.step({5, 1, false}, Follower::kDrive, true);
  CHECK(on.next.distance == 6);
  CHECK(on.next.speed == 2);
  CHECK(on.next.lead_drives);
  CHECK(on.reward == Approx(2.0 / 3.0));
  const FollowerStep crash = cars.step({3, 2, true}, Follower::kDrive, false);
  CHECK(crash.crash);
  CHECK(crash.reward == Approx(1.0 - 20.0));
  const FollowerStep stood = cars.step({20, 0, true}, Follower::kBrake, true);
  CHECK(stood.next.distance == 20);
  CHECK(stood.next.speed == 0);
  CHECK(stood.reward == 0.0);
}

TEST_CASE("brake_light: the expert never crashes, whatever the lead car does") {
  const Follower cars(FollowerRules{});
  // Every state that it can reach from a start, with both moves of the lead car.
  std::vector<FollowerState> open;
  for (std::int64_t d = Follower::kNearestStart; d <= 20; ++d) open.push_back({d, 0, false});
  std::vector<bool> seen(21 * 4 * 2, false);
  while (!open.empty()) {
    const FollowerState state = open.back();
    open.pop_back();
    const auto at = static_cast<std::size_t>((state.distance * 4 + state.speed) * 2 +
                                             (state.lead_drives ? 1 : 0));
    if (seen[at]) continue;
    seen[at] = true;
    for (const bool drives : {false, true}) {
      const FollowerStep next = cars.step(state, cars.expert(state), drives);
      REQUIRE_FALSE(next.crash);
      open.push_back(next.next);
    }
  }
}

TEST_CASE("brake_light: exact returns agree with simulated ones") {
  const auto made = synthetic_world("brake_light");
  const InteractiveEnvironment& world = *made->interactive();
  for (const double broken : {0.0, 0.4, 1.0}) {
    const Domain domain = world.at(broken);
    const ReferenceReturns exact = world.references(domain);
    const auto agrees = [&](const Ceiling& known, ReferencePolicy policy) {
      const Ceiling found = acting::simulated_return(world, domain, policy, 400);
      CAPTURE(broken, reference_policy_name(policy), known.value, found.value);
      CHECK(found.value == Approx(known.value).margin(found.error_bound + 1e-4));
    };
    agrees(exact.optimal, ReferencePolicy::optimal);
    agrees(exact.expert, ReferencePolicy::expert);
    agrees(exact.cue, ReferencePolicy::cue);
    agrees(exact.random, ReferencePolicy::random);
    CHECK(exact.optimal.value >= exact.expert.value);
    CHECK(exact.expert.value > exact.cue.value);
  }
}

TEST_CASE("brake_light: the light, its dial and the ceilings of rows") {
  CHECK(tests::rows_are_addressable("brake_light", {}));
  const auto world = synthetic_world("brake_light");
  const std::int64_t count = 3000;
  const Sample rows = world->sample(world->at(0.0), kTest, {0, count});
  const Ceilings known = world->ceilings(world->at(0.0));
  const Tensor brakes = rows.y.eq(Follower::kBrake);
  const Tensor lit = rows.spurious.select(1, 0).gt(0.0);
  const double agrees = brakes.eq(lit).to(at::kDouble).mean().item<double>();
  CHECK(agrees > 0.8);
  CHECK(known.spurious_only.value == Approx(agrees).margin(0.03));
  const double most = std::max(brakes.to(at::kDouble).mean().item<double>(),
                               1.0 - brakes.to(at::kDouble).mean().item<double>());
  CHECK(known.chance == Approx(most).margin(0.04));
  CHECK(at::equal(rows.x.narrow(1, 3, 1), rows.spurious));
  const Sample broken = world->sample(world->at(1.0), kTest, {0, count});
  CHECK(at::equal(broken.y, rows.y));
  CHECK(broken.spurious.mean().item<double>() == Approx(0.0).margin(0.1));
  const auto under = [&](const Intervention& intervention) {
    return world->sample(world->at(0.0), kTest, {0, count}, intervention).spurious.select(1, 0);
  };
  CHECK(at::equal(under(Intervention::align("brake_light")).gt(0.0), brakes));
  CHECK(at::equal(under(Intervention::oppose("brake_light")).gt(0.0), brakes.logical_not()));
  CHECK(at::equal(under(Intervention::flip("brake_light")), -rows.spurious.select(1, 0)));
  const auto masked = synthetic_world("brake_light", {{"graph_inputs", true}});
  CHECK(
      masked->sample(masked->at(0.0), kTest, {0, 4}).x.narrow(1, 4, 4).eq(1.0).all().item<bool>());
  CHECK(masked->interactive()->acting().graph_inputs.size() == 4);
}

}  // namespace
}  // namespace spurion
