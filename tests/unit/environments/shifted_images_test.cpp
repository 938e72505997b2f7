// rotated_images and blurred_images.
#include <ATen/ATen.h>

#include "catch.hpp"
#include "environments/shared/images/image_transforms.hpp"
#include "unit/environments/image_worlds.hpp"
#include "unit/environments/splits.hpp"

namespace spurion {
namespace {

using tests::image_world;
using tests::kTest;

TEST_CASE("rotated_images: DomainBed's angles, all rows of a domain turned by its own") {
  const auto world = image_world("rotated_images", {{"resolution", 28}});
  const auto domains = world->train_domains();
  REQUIRE(domains.size() == 5);
  for (std::size_t d = 0; d < 5; ++d) CHECK(domains[d].shift == 15.0 * static_cast<double>(d));
  CHECK(world->test_domain().shift == 75.0);
  CHECK(world->info().input_shape == Shape{1, 28, 28});
  CHECK(world->info().outputs == 10);
  CHECK(world->info().groups == 0);
  // Six equal shares of 70,000 images, a fifth of each held out.
  CHECK(world->row_limit(domains[0], Split::train) == 11666 - 2333);
  CHECK(world->row_limit(world->test_domain(), kTest) == 2333);
  // The shift shares its images with itself, so turning by 90 degrees turns the picture.
  const Sample upright = world->sample(world->at(0), kTest, {0, 50});
  const Sample quarter = world->sample(world->at(90), kTest, {0, 50});
  CHECK(at::equal(quarter.x, at::rot90(upright.x, 1, {2, 3})));
  CHECK(at::equal(quarter.y, upright.y));
}

TEST_CASE("an environment of images without sources of images is refused by name") {
  const Catalog catalog = builtin_catalog();
  for (const char* name : {"blurred_images", "coloured_images", "cue_conflict_images", "cue_images",
                           "rotated_images"}) {
    CAPTURE(name);
    const auto& entry = catalog.environments.at(name);
    Problems problems;
    const Value options =
        entry.schema.normalise(Value::Table{{"source", "glyphs"}}, name, problems);
    problems.raise();
    CHECK_THROWS_WITH(entry.make({options}, EnvironmentContext{}),
                      Catch::Contains("no images of 'glyphs'"));
  }
}

TEST_CASE("rotated_images: the angle can be set and drawn, and says nothing of the label") {
  const auto world = image_world("rotated_images");
  const Domain domain = world->train_domains()[2];
  const RowRange rows{0, 300};
  const Sample base = world->sample(domain, kTest, rows);
  CHECK(base.spurious.eq(30).all().item<bool>());
  const Sample set = world->sample(domain, kTest, rows, Intervention::set("angle", 30));
  CHECK(tests::differs(set.y, base.y).sum().item<int>() == 0);
  CHECK(at::equal(set.x, base.x));
  const Sample drawn = world->sample(domain, kTest, rows, Intervention::resample("angle"));
  CHECK(at::equal(drawn.causal, base.causal));
  for (const double angle : {0.0, 15.0, 30.0, 45.0, 60.0}) {
    CHECK(drawn.spurious.eq(angle).to(at::kDouble).mean().item<double>() ==
          Approx(0.2).margin(0.1));
  }
  CHECK_FALSE(world->supports(Intervention::align("angle")));
  CHECK_FALSE(world->supports(Intervention::set("angle", 91)));
  const Sample other = world->sample(domain, kTest, rows, Intervention::set("shape", 4));
  CHECK(other.y.eq(4).all().item<bool>());
}

TEST_CASE("ceilings of shifted images: the shape, and chance for what shifts") {
  for (const char* name : {"rotated_images", "blurred_images"}) {
    CAPTURE(name);
    const auto world = image_world(name, {{"label_noise", 0.1}});
    const Ceilings test = world->ceilings(world->test_domain());
    CHECK(test.invariant.value == Approx(0.9));
    CHECK(test.bayes.value == Approx(0.9));
    CHECK(test.spurious_only.value == Approx(0.1));
    CHECK_FALSE(test.population_erm.has_value());
    CHECK(world->ceilings(world->train_domains().back()).population_erm->value == Approx(0.9));
    const Sample rows = world->sample(world->test_domain(), kTest, {0, 1000});
    CHECK(tests::differs(rows.y, rows.causal).to(at::kDouble).mean().item<double>() ==
          Approx(0.1).margin(0.04));
  }
}

TEST_CASE("blurred_images: more blur, less detail, as much light") {
  const auto world = image_world("blurred_images", {{"resolution", 28}});
  const double sharp = world->sample(world->at(0), kTest, {0, 100}).x.mean().item<double>();
  double before = 1e9;
  for (const double blur : {0.0, 0.5, 1.0, 2.0, 3.0}) {
    const Sample rows = world->sample(world->at(blur), kTest, {0, 100});
    const double detail =
        (rows.x.narrow(3, 1, 27) - rows.x.narrow(3, 0, 27)).pow(2).mean().item<double>();
    CHECK(detail < before);
    before = detail;
    // Light is lost past the border only, where little of an image is.
    const double light = rows.x.mean().item<double>();
    CHECK(light <= sharp * (1.0 + 1e-5));
    CHECK(light > 0.97 * sharp);
  }
}

}  // namespace
}  // namespace spurion
