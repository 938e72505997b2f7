#include "analysis/natural_order.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include "catch.hpp"
#include "unit/analysis/planted.hpp"

using namespace spurion;
using namespace spurion::tests;

TEST_CASE("names are in the order of the numbers in them") {
  const std::vector<std::string> ordered = {"anchor (-2)",
                                            "anchor (-1)",
                                            "anchor (1e-3)",
                                            "anchor (0.01)",
                                            "anchor (0.1)",
                                            "maze",
                                            "maze (region = 2)",
                                            "maze (region = 11)",
                                            "maze (region = 11, walls = 0.25)",
                                            "maze (shifts = [0.0])",
                                            "maze (shifts = [0.02])",
                                            "maze (shifts = [0.1])",
                                            "maze-2",
                                            "maze-10"};
  std::vector<std::string> names(ordered.rbegin(), ordered.rend());
  std::sort(names.begin(), names.end(), analysis::NaturalOrder());
  CHECK(names == ordered);
  const analysis::NaturalOrder before;
  for (const std::string& name : ordered) CHECK_FALSE(before(name, name));
  // The same number, written in two ways: still one order.
  CHECK(before("x 1", "x 1.0") != before("x 1.0", "x 1"));
}

TEST_CASE("the first of several baselines is the one with the least number") {
  PlantedTrials trials;
  for (std::int64_t seed = 0; seed < 4; ++seed) {
    for (const char* world : {"0.02", "0.0", "0.1"}) {
      TrialResult& trial = trials.add("erm", seed, 0.9, 0.5);
      trial.spec.environment.options =
          Value::Table{{"train_shifts", Value::List{std::stod(world)}}};
      const double own = std::stod(world);
      trial.measurements.push_back({0, 0, "train_0", 0.0, "return_optimal", 1.0});
      trial.measurements.push_back({0, 0, "train_0", 0.0, "return_cue", 0.0});
      trial.measurements.push_back(
          {0, 9, "in_distribution", 0.0, "return", own + seed_noise(seed)});
    }
  }
  const analysis::Answer answer = trials.ask("kind = \"compare_policies\"\none_baseline = true\n");
  const analysis::Table& table = answer.tables.front();
  REQUIRE(table.rows.size() == 3);
  CHECK(analysis::text_of(table.cell(0, "against the baseline")) == "baseline");
  const std::vector<std::string> shown = {"[0.0]", "[0.02]", "[0.1]"};
  for (std::size_t row = 0; row < shown.size(); ++row) {
    CHECK_THAT(analysis::text_of(table.cell(row, "policy")), Catch::Contains(shown[row]));
  }
}
