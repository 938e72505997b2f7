#include <ATen/ATen.h>

#include "catch.hpp"
#include "unit/environments/splits.hpp"
#include "unit/environments/synthetic_worlds.hpp"

namespace spurion {
namespace {

using tests::kTest;
using tests::synthetic_world;

TEST_CASE("two_shortcuts: each cue has a dial of its own") {
  CHECK(tests::rows_are_addressable("two_shortcuts", {}));
  const auto world = synthetic_world("two_shortcuts");
  const Domain domain = world->at_cues({0.0, 1.0});
  const Sample rows = world->sample(domain, kTest, {0, 300});
  const Tensor y = rows.y.to(at::kFloat) * 2 - 1;
  CHECK(at::equal(rows.spurious.select(1, 0), y));
  CHECK(at::equal(rows.spurious.select(1, 1), -y));
  const Sample twin = world->sample(domain, kTest, {0, 300}, Intervention::flip("companion"));
  CHECK(at::equal(twin.spurious.select(1, 0), y));
  CHECK(at::equal(twin.spurious.select(1, 1), y));
  CHECK(at::equal(twin.x.narrow(1, 0, 6), rows.x.narrow(1, 0, 6)));
  // The shift moves the first; the second stays at the mean of the train domains.
  CHECK(world->at(0.3).cue_shifts[0] == 0.3);
  CHECK(world->at(0.3).cue_shifts[1] == Approx(0.075));
  CHECK_THROWS_AS(world->at_cues({0.5}), UsageError);
  CHECK_THROWS_AS(synthetic_world("two_shortcuts", {{"companion", Value::List{0.1}}}), UsageError);
}

TEST_CASE("two_shortcuts: what exact ceilings must be at the ends") {
  const auto world =
      synthetic_world("two_shortcuts", {{"label_noise", 0.0}, {"core_dimensions", 4}});
  const Ceilings known = world->ceilings(world->at_cues({0.0, 0.5}));
  CHECK(known.bayes.value == Approx(1.0));
  const Ceilings unknown = world->ceilings(world->at_cues({0.5, 0.5}));
  // Phi(0.6 * 2)
  CHECK(unknown.bayes.value == Approx(0.8849303297782918));
  CHECK(unknown.invariant.value == Approx(0.8849303297782918));
  CHECK(unknown.spurious_only.value == Approx(0.5));
}

TEST_CASE("continually_confounded: a confounder is absent outside its task, or a fair coin") {
  for (const bool disjoint : {true, false}) {
    const auto world =
        synthetic_world("continually_confounded", {{"variant", disjoint ? "disjoint" : "strict"}});
    const auto tasks = world->train_domains();
    REQUIRE(tasks.size() == 3);
    for (std::int64_t task = 0; task < 3; ++task) {
      const Sample rows = world->sample(tasks[static_cast<std::size_t>(task)], kTest, {0, 400});
      const Tensor y = rows.y.to(at::kFloat) * 2 - 1;
      for (std::int64_t cue = 0; cue < 3; ++cue) {
        const Tensor values = rows.spurious.select(1, cue);
        if (cue == task) {
          CHECK(at::equal(values, y));
        } else if (disjoint) {
          CHECK(values.abs().max().item<float>() == 0.0F);
        } else {
          CHECK(values.abs().min().item<float>() == 1.0F);
          CHECK(std::abs((values * y).mean().item<double>()) < 4.0 / 20.0);
        }
      }
    }
    const Sample test = world->sample(world->test_domain(), kTest, {0, 400});
    CHECK((test.spurious.abs().max().item<float>() == 0.0F) == disjoint);
    // Nobody has seen a scene without any confounder where they are disjoint.
    CHECK(world->ceilings(world->test_domain()).population_erm.has_value() != disjoint);
    CHECK(world->ceilings(world->test_domain()).spurious_only.value == Approx(0.5));
  }
}

TEST_CASE("some of several cues are resampled as all are, and the others stay as they were") {
  const auto resampled = Intervention::resample_each({"confounder_0", "confounder_2"});
  CHECK(resampled.variables == std::vector<std::string>{"confounder_0", "confounder_2"});
  CHECK(resampled.text() == "do(confounder_0, confounder_2 := independent draw)");
  CHECK(resampled.acts_on("confounder_2"));
  CHECK_FALSE(resampled.acts_on("confounder_1"));
  const auto world = synthetic_world("continually_confounded", {{"tasks", 4}});
  REQUIRE(world->supports(resampled));
  CHECK_FALSE(world->supports(Intervention::resample_each({"confounder_0", "object"})));
  CHECK_FALSE(world->supports(Intervention::resample("")));
  const Domain domain = world->at_cues({0.1, 0.1, 0.1, 0.5});
  const auto under = [&](const Intervention& action) {
    return world->sample(domain, kTest, {0, 300}, action).spurious;
  };
  const Tensor factual = under(Intervention::none());
  const Tensor all = under(Intervention::resample_each(world->info().every_cue()));
  const Tensor some = under(resampled);
  for (const std::int64_t cue : {0, 2}) CHECK(at::equal(some.select(1, cue), all.select(1, cue)));
  for (const std::int64_t cue : {1, 3}) {
    CHECK(at::equal(some.select(1, cue), factual.select(1, cue)));
  }
  CHECK(some.select(1, 3).abs().max().item<float>() == 0.0F);  // absent, and not brought to light
}

}  // namespace
}  // namespace spurion
