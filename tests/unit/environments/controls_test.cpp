#include <ATen/ATen.h>

#include <string>

#include "catch.hpp"
#include "unit/environments/splits.hpp"
#include "unit/environments/synthetic_worlds.hpp"

namespace spurion {
namespace {

using tests::kTest;
using tests::synthetic_world;

TEST_CASE("controls: rows are addressable") {
  for (const std::string name :
       {"control_no_shift", "control_no_cue", "control_causal_cue", "control_unlearnable"}) {
    CAPTURE(name);
    CHECK(tests::rows_are_addressable(name, {}));
  }
}

TEST_CASE("controls: what they claim") {
  for (const std::string name : {"control_no_shift", "control_no_cue", "control_causal_cue"}) {
    CHECK(synthetic_world(name)->info().misleads_erm == false);
  }
  CHECK_FALSE(synthetic_world("control_unlearnable")->info().misleads_erm.has_value());
}

TEST_CASE("control_no_shift: the test domain stands where training does") {
  const auto world = synthetic_world("control_no_shift", {{"disagreement", 0.2}, {"domains", 3}});
  REQUIRE(world->train_domains().size() == 3);
  for (const Domain& domain : world->train_domains()) CHECK(domain.shift == 0.2);
  CHECK(world->test_domain().shift == 0.2);
  const Ceilings all = world->ceilings(world->test_domain());
  CHECK(all.population_erm->value == Approx(all.bayes.value));
}

TEST_CASE("control_no_cue: its ceilings are those of the core at every point") {
  const auto world = synthetic_world("control_no_cue");
  for (const double shift : world->info().shift_axis.points) {
    const Ceilings all = world->ceilings(world->at(shift));
    CHECK(all.bayes.value == all.invariant.value);
    CHECK(all.bayes.value == all.population_erm->value);
    CHECK(all.spurious_only.value == 0.5);
  }
}

TEST_CASE("control_causal_cue: the label follows the cue") {
  const auto world = synthetic_world("control_causal_cue", {{"label_noise", 0.0}});
  const Domain domain = world->train_domains().front();
  const Sample rows = world->sample(domain, kTest, {0, 100});
  const Sample twin = world->sample(domain, kTest, {0, 100}, Intervention::flip("cue"));
  CHECK(at::equal(twin.y, 1 - rows.y));
  CHECK_FALSE(world->supports(Intervention::align("cue")));
  CHECK_FALSE(world->supports(Intervention::oppose("cue")));
  // The core given the label, and the noise, are the row's own.
  CHECK(at::equal(twin.x.narrow(1, 6, 10), rows.x.narrow(1, 6, 10)));
}

TEST_CASE("control_unlearnable: the parity is the label, and one bit turns it") {
  const auto world = synthetic_world("control_unlearnable", {{"bits", 7}});
  const Domain domain = world->test_domain();
  const Sample rows = world->sample(domain, kTest, {0, 200});
  CHECK(at::equal(rows.x.narrow(1, 0, 7).prod(1).gt(0), rows.y.eq(1)));
  const Sample twin = world->sample(domain, kTest, {0, 200}, Intervention::flip("parity"));
  CHECK(at::equal(twin.y, 1 - rows.y));
  CHECK(at::equal(twin.x.narrow(1, 1, 6), rows.x.narrow(1, 1, 6)));
  CHECK(at::equal(twin.spurious, -rows.spurious));
  CHECK(world->ceilings(domain).invariant.value == 1.0);
}

}  // namespace
}  // namespace spurion
