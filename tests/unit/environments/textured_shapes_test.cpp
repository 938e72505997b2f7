#include <ATen/ATen.h>

#include "catch.hpp"
#include "unit/environments/splits.hpp"
#include "unit/environments/synthetic_worlds.hpp"

namespace spurion {
namespace {

using tests::kTest;
using tests::synthetic_world;

/// Share of numbers that differ between two pictures.
double changed(const Tensor& a, const Tensor& b) {
  return a.ne(b).to(at::kDouble).mean().item<double>();
}

TEST_CASE("textured_shapes: pictures of [3, 32, 32] in [0, 1]") {
  CHECK(tests::rows_are_addressable("textured_shapes", {}));
  const auto world = synthetic_world("textured_shapes");
  const Sample rows = world->sample(world->test_domain(), kTest, {0, 50});
  CHECK(rows.x.sizes() == at::IntArrayRef({50, 3, 32, 32}));
  CHECK(rows.x.min().item<float>() >= 0.0F);
  CHECK(rows.x.max().item<float>() <= 1.0F);
}

TEST_CASE("textured_shapes: an intervention changes what it names and nothing else") {
  const auto world = synthetic_world("textured_shapes");
  const Domain domain = world->train_domains().front();
  const Sample rows = world->sample(domain, kTest, {0, 40});
  const auto twin = [&](const char* variable) {
    return world->sample(domain, kTest, {0, 40}, Intervention::flip(variable));
  };
  // The mark is nine pixels of 1024, in three planes.
  const double mark = changed(rows.x, twin("watermark").x);
  CHECK(mark > 0.0);
  CHECK(mark <= 9.0 / 1024.0);
  CHECK(changed(rows.x, twin("background").x) > 0.5);
  for (const char* variable : {"colour", "texture", "position", "shape"}) {
    CAPTURE(variable);
    const double share = changed(rows.x, twin(variable).x);
    CHECK(share > 0.005);
    CHECK(share < 0.5);
  }
}

TEST_CASE("textured_shapes: the cues that are not selected say nothing") {
  const auto world =
      synthetic_world("textured_shapes", {{"cues", Value::List{"texture", "colour"}}});
  const EnvironmentInfo& info = world->info();
  REQUIRE(info.cues.size() == 5);
  CHECK(info.cue == "texture");
  CHECK(info.cues[1].name == "colour");
  const std::vector<double> expected = {0.1, 0.1, 0.5, 0.5, 0.5};
  CHECK(world->train_domains().front().cue_shifts == expected);
  CHECK_THROWS_AS(synthetic_world("textured_shapes", {{"cues", Value::List{}}}), UsageError);
  CHECK_THROWS_AS(synthetic_world("textured_shapes", {{"cues", Value::List{"colour", "colour"}}}),
                  UsageError);
  CHECK_THROWS_AS(synthetic_world("textured_shapes", {{"cues", Value::List{"smell"}}}), UsageError);
}

TEST_CASE("textured_shapes: ceilings with one cue are those of coloured images") {
  const auto world = synthetic_world("textured_shapes");
  const Ceilings test = world->ceilings(world->test_domain());
  CHECK(test.invariant.value == Approx(0.75));
  CHECK(test.spurious_only.value == Approx(0.1));
  CHECK(test.bayes.value == Approx(0.9));
  const Ceilings middle = world->ceilings(world->at(0.5));
  CHECK(middle.bayes.value == Approx(0.75));
  CHECK(middle.spurious_only.value == Approx(0.5));
}

TEST_CASE("textured_shapes: some kinds of cue are seen in training, others only in the test") {
  const auto world =
      synthetic_world("textured_shapes", {{"cues", Value::List{"background", "colour"}},
                                          {"train_shifts", Value::List{0.1, 0.2, 0.1, 0.2}},
                                          {"one_cue_each", true},
                                          {"test_cues", Value::List{"watermark", "colour"}}});
  const auto train = world->train_domains();
  REQUIRE(train.size() == 4);
  CHECK(train[0].cue_shifts == std::vector<double>{0.1, 0.5, 0.5, 0.5, 0.5});
  CHECK(train[1].cue_shifts == std::vector<double>{0.5, 0.2, 0.5, 0.5, 0.5});
  CHECK(train[2].cue_shifts == train[0].cue_shifts);
  REQUIRE(world->info().cues[4].name == "watermark");
  CHECK(world->test_domain().cue_shifts == std::vector<double>{0.5, 0.9, 0.5, 0.5, 0.9});
  // Training follows the background, the stronger of the two kinds; it is a fair coin in the test,
  // where another kind is seen for the first time.
  const Ceilings test = world->ceilings(world->test_domain());
  CHECK(test.invariant.value == Approx(0.75));
  CHECK(test.bayes.value > 0.9);
  CHECK(test.spurious_only.value == Approx(0.5));
  // As many train domains as kinds.
  CHECK_THROWS_AS(synthetic_world("textured_shapes", {{"cues", Value::List{"background", "colour"}},
                                                      {"train_shifts", Value::List{0.1}},
                                                      {"one_cue_each", true}}),
                  UsageError);
  CHECK_THROWS_AS(
      synthetic_world("textured_shapes", {{"test_cues", Value::List{"colour", "colour"}}}),
      UsageError);
}

TEST_CASE("textured_shapes: uneven classes raise chance and the invariant ceiling") {
  const auto world = synthetic_world(
      "textured_shapes", {{"class_share", 0.9}, {"test_shift", 0.5}, {"label_noise", 0.2}});
  const Ceilings test = world->ceilings(world->test_domain());
  CHECK(test.chance == Approx(0.9));
  CHECK(test.invariant.value == Approx(0.9));
  const Sample rows = world->sample(world->test_domain(), Split::test, {0, 400});
  CHECK(rows.y.to(at::kDouble).mean().item<double>() > 0.85);
}

}  // namespace
}  // namespace spurion
