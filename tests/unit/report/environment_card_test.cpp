// What a report shows of a world comes from what the run stored of it.
#include "report/environment_card.hpp"

#include <set>

#include "catch.hpp"
#include "data/png.hpp"
#include "harness/data/image_preview.hpp"
#include "harness/exchange/exported_rows.hpp"
#include "harness/run/run_manifest.hpp"
#include "spurion/environment_facts.hpp"
#include "spurion/error.hpp"
#include "unit/environments/image_worlds.hpp"

namespace spurion {
namespace {

using Catch::Contains;

EnvironmentFacts facts_in(const std::map<std::string, std::string>& context,
                          const std::string& environment) {
  return EnvironmentFacts::from_value(
      parse_json(context.at("environment." + environment), "facts"));
}

std::map<std::string, std::string> context_of(const std::string& environments) {
  const Catalog catalog = builtin_catalog();
  const Suite suite = Suite::parse(R"(
name = "s"
[[experiment]]
name = "e"
method = { name = "erm" }
model = { name = "mlp", width = 4 }
regime = { name = "offline" }
training = { steps = 1, rows = 10 }
[experiment.grid]
environment = [)" + environments + "]\n",
                                   "s.toml");
  harness::EnvironmentPool pool(catalog, tests::shared_sources());
  return harness::run_context(suite, suite.trials(catalog), pool);
}

TEST_CASE("a run stores a picture of rows and twins, bounded in size, and the card shows it") {
  const auto context = context_of(R"({ name = "textured_shapes" }, { name = "two_bit" },
    { name = "coloured_images", source = "glyphs" },
    { name = "coloured_images", source = "glyphs", label_noise = 0.1 })");
  REQUIRE(context.count("environment.textured_shapes") == 1);
  REQUIRE(context.count("environment.coloured_images") == 1);
  REQUIRE(context.count("environment.coloured_images#2") == 1);
  CHECK(context.count("environment.coloured_images#3") == 0);
  CHECK(context.at("environment.textured_shapes").size() < 300000);
  CHECK(context.at("environment.coloured_images").size() < 30000);

  const std::string shapes =
      report::environment_card(facts_in(context, "textured_shapes"), "textured_shapes", "g");
  CHECK_THAT(shapes, Contains("src=\"data:image/png;base64,iVBORw0KGgo"));
  CHECK_THAT(shapes, Contains("<li>as it is</li>") && Contains("<li>do(background := other)</li>"));
  CHECK_THAT(shapes, Contains("<svg") && Contains("population ERM") && Contains("0.75"));
  CHECK_THAT(shapes, Contains("<dt>Groups</dt><dd>4</dd>") && Contains("<dt>Source</dt>"));

  const std::string bits = report::environment_card(facts_in(context, "two_bit"), "two_bit", "g");
  CHECK(bits.find("<img") == std::string::npos);
  CHECK_THAT(bits, Contains("class=\"ceilings\""));
}

TEST_CASE("the card says whose world its numbers are of and which train domains it leaves out") {
  const auto context = context_of(
      R"({ name = "linear_unit_tests" }, { name = "two_bit", betas = [0.1, 0.2, 0.15, 0.12, 0.3, 0.25, 0.05, 0.02] })");
  const EnvironmentFacts drawn = facts_in(context, "linear_unit_tests");
  const std::string units = report::environment_card(drawn, "linear_unit_tests", "g");
  CHECK_THAT(units, Contains("These numbers hold for seed 0 (base seed 0)"));
  CHECK_THAT(units, Contains(">train_1<") && !Contains("Not shown"));
  // The world of the suite's first replicate.
  harness::RowSet first;
  const Catalog catalog = builtin_catalog();
  first.environment = harness::make_component(catalog, "linear_unit_tests", Value());
  const auto world =
      harness::make_environment(first, catalog, std::make_shared<const DataSources>());
  CHECK(drawn.domains.front().ceilings.bayes.value ==
        world->ceilings(world->train_domains().front()).bayes.value);
  REQUIRE(drawn.shift_points.size() == 11);
  std::set<Exactness> ways;
  for (const DomainFacts& point : drawn.shift_points) ways.insert(point.ceilings.bayes.exactness);
  CHECK(ways.size() == 2);

  const std::string bits = report::environment_card(facts_in(context, "two_bit"), "two_bit", "g");
  CHECK_THAT(bits, Contains("Not shown: 2 more train domains.") &&
                       !Contains("These numbers hold for") && Contains(">train_7<"));
}

TEST_CASE("the card of a store that knows less shows what there is") {
  const auto known =
      EnvironmentFacts::from_value(Value::Table{{"title", "Old <world>"}, {"mechanism", "y = x"}});
  const std::string card = report::environment_card(known, "old", "g");
  CHECK_THAT(card, Contains("Old &lt;world&gt;") && Contains("y = x"));
  CHECK(card.find("<img") == std::string::npos);
}

TEST_CASE("facts of an environment survive a store") {
  const auto context = context_of(R"({ name = "two_shortcuts" }, { name = "textured_shapes" },
    { name = "linear_unit_tests" })");
  for (const char* name : {"two_shortcuts", "textured_shapes", "linear_unit_tests"}) {
    CAPTURE(name);
    const EnvironmentFacts facts = facts_in(context, name);
    CHECK(facts.to_value().canonical_json() == context.at(std::string("environment.") + name));
    CHECK(facts.graph.defect().empty());
    CHECK(facts.domains.front().kind == DomainKind::train);
  }
  CHECK(facts_in(context, "two_shortcuts").cues.size() == 2);
  CHECK_THROWS_AS(EnvironmentFacts::from_value(Value::Table{{"score", "luck"}}), LogicError);
}

TEST_CASE("a grid of pictures has as many columns as fit") {
  const auto world = tests::image_world("coloured_images");
  const auto grid = harness::picture_grid(*world, 6, 1 << 20);
  REQUIRE(grid.has_value());
  CHECK(grid->lines.size() == 3);
  CHECK(grid->picture.width == 6 * 16 + 2);
  CHECK(grid->picture.height == 3 * 16 + 2);
  CHECK(harness::picture_grid(*world, 6, 3 * 16 * 16 * 3 * 2)->picture.width == 2 * 16 + 2);
  CHECK_FALSE(harness::picture_grid(*world, 6, 10).has_value());
  const data::Picture twice = data::enlarged(grid->picture, 2);
  CHECK(twice.width == 2 * grid->picture.width);
  CHECK(twice.rgb[3 * (2 * twice.width + 5)] == grid->picture.rgb[3 * (grid->picture.width + 2)]);
}

TEST_CASE("base64 as everybody reads it") {
  CHECK(data::base64("") == "");
  CHECK(data::base64("f") == "Zg==");
  CHECK(data::base64("fo") == "Zm8=");
  CHECK(data::base64("foo") == "Zm9v");
  CHECK(data::base64("\xff\xfe\x7f") == "//5/");
}

}  // namespace
}  // namespace spurion
