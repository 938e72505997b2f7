// cue_images and cue_conflict_images.
#include <ATen/ATen.h>

#include "catch.hpp"
#include "unit/environments/image_worlds.hpp"
#include "unit/environments/splits.hpp"

namespace spurion {
namespace {

using tests::differs;
using tests::image_world;
using tests::kTest;
using tests::same_rows;

Sample rows_of(const Environment& world, const Domain& domain,
               const Intervention& intervention = Intervention::none()) {
  return world.sample(domain, kTest, {0, 600}, intervention);
}

double share(const Tensor& differs) { return differs.to(at::kDouble).mean().item<double>(); }

TEST_CASE("cue_images: rows do not depend on how many are asked for") {
  for (const char* cue : {"background", "colour", "blur", "rotation"}) {
    const Value::Table options{
        {"cue", cue}, {"difficulty", "variance_high"}, {"feature_noise", 0.3}};
    const auto world = image_world("cue_images", options, 7);
    const auto again = image_world("cue_images", options, 7);
    const Domain domain = world->train_domains().front();
    const Sample all = world->sample(domain, kTest, {0, 100});
    const Sample part = again->sample(domain, kTest, {30, 40});
    const auto cut = [](const Tensor& t) { return t.slice(0, 30, 70); };
    CHECK(same_rows(part,
                    {cut(all.x), cut(all.y), cut(all.causal), cut(all.spurious), cut(all.group)}));
  }
}

TEST_CASE("cue_images: SpuCoMNIST's background fills what is black") {
  const auto world = image_world("cue_images");
  CHECK(world->info().input_shape == Shape{3, 14, 14});
  CHECK(world->info().outputs == 5);
  CHECK(world->info().groups == 25);
  const Domain domain = world->train_domains().front();
  // do(background := 0) paints red: the other planes show the image.
  const Sample red = rows_of(*world, domain, Intervention::set("background", 0));
  const Tensor image = red.x.select(1, 1);
  const Tensor black = image.eq(0);
  CHECK(red.x.select(1, 0).masked_select(black).eq(1).all().item<bool>());
  CHECK(at::equal(red.x.select(1, 0).masked_select(black.logical_not()),
                  image.masked_select(black.logical_not())));
  const Sample own = rows_of(*world, domain);
  CHECK(at::equal(own.group, 5 * own.y + own.spurious.squeeze(1).to(at::kLong)));
}

TEST_CASE("cue_images: difficulty says how many pixels are coloured") {
  const auto coloured = [](const char* difficulty) {
    const auto world = image_world("cue_images", {{"difficulty", difficulty}, {"resolution", 28}});
    const Domain domain = world->train_domains().front();
    const Sample a = rows_of(*world, domain, Intervention::set("background", 0));
    const Sample b = rows_of(*world, domain, Intervention::set("background", 2));
    return a.x.ne(b.x).any(1).flatten(1).sum(1);
  };
  // Glyphs keep away from the corner that holds the small patches.
  CHECK(coloured("magnitude_small").eq(4).all().item<bool>());
  CHECK(coloured("magnitude_medium").eq(16).all().item<bool>());
  for (const char* drawn : {"variance_low", "variance_medium", "variance_high"}) {
    CAPTURE(drawn);
    CHECK(coloured(drawn).le(49).all().item<bool>());
    CHECK(coloured(drawn).ge(20).all().item<bool>());
  }
  CHECK(coloured("magnitude_large").ge(300).all().item<bool>());
}

TEST_CASE(
    "cue_images: along the dial cues turn, each row once, and interventions do what they say") {
  for (const char* name : {"cue_images", "cue_conflict_images"}) {
    CAPTURE(name);
    const auto world = image_world(name);
    const std::string cue = world->info().cue;
    const Sample zero = rows_of(*world, world->at(0.0));
    const Sample one = rows_of(*world, world->at(1.0));
    CHECK(share(differs(zero.spurious, zero.y)) == 0.0);
    CHECK(share(differs(one.spurious, one.y)) == 1.0);
    CHECK(share(differs(rows_of(*world, world->at(0.4)).spurious, zero.y)) ==
          Approx(0.4).margin(0.08));
    CHECK(same_rows(rows_of(*world, world->at(0.4), Intervention::align(cue)), zero));
    CHECK(same_rows(rows_of(*world, world->at(0.4), Intervention::oppose(cue)), one));
    const Sample drawn = rows_of(*world, world->at(0.0), Intervention::resample(cue));
    const double classes = static_cast<double>(world->info().outputs);
    CHECK(share(differs(drawn.spurious, drawn.y)) == Approx(1.0 - 1.0 / classes).margin(0.08));
    CHECK(at::equal(drawn.y, zero.y));
    CHECK_FALSE(world->supports(Intervention::flip(cue)));
    CHECK_FALSE(world->supports(Intervention::set(cue, classes)));
    const Sample set = rows_of(*world, world->at(0.0), Intervention::set("shape", 3));
    CHECK(set.causal.eq(3).all().item<bool>());
    CHECK(set.y.eq(3).all().item<bool>());
  }
}

TEST_CASE("cue_images: a cue that follows the shape ignores label noise") {
  const Value::Table noisy{{"label_noise", 0.4}, {"train_shifts", Value::List{0.0}}};
  Value::Table following = noisy;
  following["follows"] = "label";
  const auto shape = image_world("cue_images", noisy);
  const Sample a = rows_of(*shape, shape->at(0.0));
  CHECK(at::equal(a.spurious, a.causal));
  CHECK(share(differs(a.y, a.causal)) == Approx(0.4).margin(0.08));
  CHECK_FALSE(shape->info().shift_axis.mixture.has_value());
  const auto label = image_world("cue_images", following);
  const Sample b = rows_of(*label, label->at(0.0));
  CHECK(share(differs(b.spurious, b.y)) == 0.0);
  CHECK(label->info().shift_axis.mixture.has_value());
}

TEST_CASE("cue_images: ceilings of two classes are those of coloured images") {
  const auto ours = image_world("cue_images", {{"classes", "halves"},
                                               {"label_noise", 0.25},
                                               {"follows", "label"},
                                               {"train_shifts", Value::List{0.2, 0.1}}});
  CHECK(ours->info().task == Task::binary);
  const auto theirs = tests::coloured_images();
  for (const double e : {0.0, 0.1, 0.25, 0.5, 0.9, 1.0}) {
    CAPTURE(e);
    const Ceilings a = ours->ceilings(ours->at(e));
    const Ceilings b = theirs->ceilings(theirs->at(e));
    CHECK(a.bayes.value == Approx(b.bayes.value));
    CHECK(a.invariant.value == Approx(b.invariant.value));
    CHECK(a.spurious_only.value == Approx(b.spurious_only.value));
    REQUIRE(a.population_erm.has_value());
    CHECK(a.population_erm->value == Approx(b.population_erm->value));
  }
}

TEST_CASE("cue_images: of SpuCoMNIST's defaults the shape is worth everything") {
  const auto world = image_world("cue_images");
  const Ceilings test = world->ceilings(world->test_domain());
  CHECK(test.bayes.value == Approx(1.0));
  CHECK(test.invariant.value == Approx(1.0));
  CHECK(test.population_erm->value == Approx(1.0));
  // Balanced: four colours of five are others'.
  CHECK(test.spurious_only.value == Approx(0.2));
  const auto noisy = image_world("cue_images", {{"feature_noise", 0.2}});
  CHECK(noisy->ceilings(noisy->test_domain()).invariant.error_bound == Approx(0.2 * 0.8));
}

TEST_CASE("cue_images: noise on the picture leaves every ceiling a bound") {
  const auto world = image_world(
      "cue_images",
      {{"difficulty", "magnitude_small"}, {"feature_noise", 1.0}, {"test_shift", 0.005}});
  const Ceilings all = world->ceilings(world->test_domain());
  CHECK(all.spurious_only.value == Approx(0.995));
  CHECK(all.spurious_only.error_bound == 1.0);
  CHECK(all.population_erm->error_bound == 1.0);
  CHECK(all.bayes.error_bound == Approx(0.8));
  CHECK(all.invariant.error_bound == Approx(0.8));
  const auto some = image_world("cue_images", {{"feature_noise", 0.25}});
  CHECK(some->ceilings(some->test_domain()).spurious_only.error_bound == 0.25);
}

TEST_CASE("cue_conflict_images: what training leaves open the ceilings leave open") {
  const auto world = image_world("cue_conflict_images");
  const Ceilings test = world->ceilings(world->test_domain());
  CHECK(test.invariant.value == Approx(1.0));
  CHECK(test.spurious_only.value == Approx(0.0));
  CHECK_FALSE(test.population_erm.has_value());
  CHECK(world->ceilings(world->train_domains().front()).population_erm.has_value());
}

TEST_CASE("worlds of images refuse what fits no domain") {
  CHECK_THROWS_AS(image_world("cue_images", {{"resolution", 20}}), UsageError);
  CHECK_THROWS_AS(image_world("cue_images", {{"train_shifts", Value::List{}}}), UsageError);
  CHECK_THROWS_AS(image_world("cue_images", {{"cue", "smell"}}), UsageError);
  CHECK_THROWS_AS(image_world("cue_conflict_images", {{"cue", "smell"}}), UsageError);
  CHECK_THROWS_AS(image_world("rotated_images", {{"angles", Value::List{}}}), UsageError);
  CHECK_THROWS_AS(image_world("blurred_images", {{"test_blur", 4.0}}), UsageError);
}

}  // namespace
}  // namespace spurion
