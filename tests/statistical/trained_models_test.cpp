// Trained models against what the mathematics says they must reach. Fixed seeds; tolerances stated.
#include <cmath>
#include <map>

#include "catch.hpp"
#include "spurion/run.hpp"

using namespace spurion;

namespace {

using Key = std::pair<std::string, std::string>;  // domain, metric

/// Numbers of every trial of a one-experiment suite.
std::vector<std::map<Key, double>> run(const std::string& text) {
  const Catalog catalog = builtin_catalog();
  const auto sources = std::make_shared<const DataSources>();
  const auto trials = Suite::parse(text, "s.toml").trials(catalog);
  std::vector<std::map<Key, double>> all;
  for (const Pack& pack : plan(trials, catalog, *sources, {})) {
    for (const TrialResult& result : run_pack(pack, catalog, sources)) {
      REQUIRE(result.status == Status::done);
      std::map<Key, double> numbers;
      for (const Measurement& row : result.measurements)
        numbers[{row.domain, row.metric}] = row.value;
      all.push_back(std::move(numbers));
    }
  }
  return all;
}

}  // namespace

TEST_CASE("a linear model trained on example 1 reaches the population ERM") {
  for (const auto& numbers : run(R"(
name = "s"
seeds = 4
[[experiment]]
name = "e"
environment = { name = "linear_unit_tests", example = "1" }
model = { name = "linear" }
method = { name = "erm" }
regime = { name = "offline" }
optimizer = { name = "adam", learning_rate = 0.02 }
training = { steps = 1500, rows = 10000, batch = 0 }
evaluation = { rows = 30000, training_rows = 0 }
)")) {
    // 30,000 test rows: the mean of a heavy squared error has a relative standard error near 1 %;
    // 30,000 training rows put the excess risk near 10 / 30,000.
    const double population = numbers.at({"test", "ceiling_population_erm"});
    CHECK(numbers.at({"test", "loss"}) == Approx(population).epsilon(0.05));
    CHECK(numbers.at({"in_distribution", "loss"}) ==
          Approx(numbers.at({"in_distribution", "ceiling_population_erm"})).epsilon(0.05));
    CHECK(numbers.at({"test", "gap"}) > 0.0);
  }
}

TEST_CASE("the counterfactual oracle on example 1 reaches the invariant ceiling") {
  for (const auto& numbers : run(R"(
name = "s"
seeds = 2
[[experiment]]
name = "e"
environment = { name = "linear_unit_tests", example = "1" }
model = { name = "linear" }
method = { name = "erm" }
regime = { name = "offline", randomise_cue = true }
optimizer = { name = "adam", learning_rate = 0.02 }
training = { steps = 1500, rows = 10000, batch = 0 }
evaluation = { rows = 30000, training_rows = 0 }
)")) {
    CHECK(numbers.at({"test", "loss"}) ==
          Approx(numbers.at({"test", "ceiling_invariant"})).epsilon(0.05));
  }
}

// Well specified: the best predictor from the core is linear, and 4000 rows leave little noise.
TEST_CASE("counterfactual_augmentation reaches the invariant ceiling, erm beside it does not") {
  for (const char* world : {R"("two_bit", alpha = 0.25)", R"("anti_causal")"}) {
    CAPTURE(world);
    const auto all = run(std::string(R"(
name = "s"
seeds = 2
[[experiment]]
name = "e"
environment = { name = )") +
                         world + R"( }
model = { name = "linear" }
regime = { name = "offline", interventions = true }
optimizer = { name = "adam", learning_rate = 0.05 }
training = { steps = 300, rows = 4000, batch = 0 }
evaluation = { rows = 4000, training_rows = 0 }
[experiment.grid]
method = [{ name = "counterfactual_augmentation" }, { name = "erm" }]
)");
    REQUIRE(all.size() == 4);
    int reached = 0;
    for (const auto& numbers : all) {
      const double short_of =
          numbers.at({"test", "ceiling_invariant"}) - numbers.at({"test", "accuracy"});
      // 4000 test rows: a standard error of at most 0.008; 0.03 is more than three of them.
      CHECK(short_of > -0.03);
      if (short_of < 0.03) ++reached;
    }
    // Both seeds of the oracle, and neither of ERM, which trains on the rows as they come.
    CHECK(reached == 2);
  }
}

TEST_CASE("coefficients of the chain agree with their closed forms") {
  for (const auto& [heteroskedastic, expected] : {std::pair{"false", 0.00877}, {"true", 0.8215}}) {
    double causal = 0.0;
    double noncausal = 0.0;
    const auto all = run(std::string(R"(
name = "s"
seeds = 8
[[experiment]]
name = "e"
environment = { name = "chain_sem", hidden = false, heteroskedastic = )") +
                         heteroskedastic + R"( }
model = { name = "linear" }
method = { name = "erm" }
regime = { name = "offline" }
optimizer = { name = "adam", learning_rate = 0.02 }
training = { steps = 1500, rows = 4000, batch = 0 }
evaluation = { rows = 500, training_rows = 0 }
)");
    for (const auto& numbers : all) {
      causal += numbers.at({"coefficients", "causal_coefficient_error"}) / 8;
      noncausal += numbers.at({"coefficients", "noncausal_coefficient_error"}) / 8;
    }
    // Published spread of one run of 1000 rows: 15 % of .00877, 2 % of .8215; ours has 4 x the rows
    // and averages 8 runs, so 10 % and 1 % are more than five standard errors.
    const double tolerance = expected < 0.1 ? 0.1 : 0.01;
    CHECK(causal == Approx(expected).epsilon(tolerance));
    CHECK(noncausal == Approx(expected).epsilon(tolerance));
  }
}

// The benchmark's meaning: ERM must be confused where the cue flips, an oracle must not.
TEST_CASE("ERM follows the colour of glyphs and fails when it flips; the oracles do not") {
  const auto accuracy = [](const std::string& model, const std::string& regime) {
    return run(R"(
name = "s"
[[experiment]]
name = "e"
environment = { name = "coloured_images", source = "glyphs" }
model = )" + model +
               R"(
method = { name = "erm" }
regime = )" + regime +
               R"(
training = { steps = 250, rows = 5000, batch = 64 }
evaluation = { rows = 4000, training_rows = 0 }
)")
        .front();
  };
  const std::string plain = "{ name = \"mlp\", width = 32 }";
  const auto erm = accuracy(plain, "{ name = \"offline\" }");
  CHECK(erm.at({"in_distribution", "accuracy"}) > 0.82);
  CHECK(erm.at({"test", "accuracy"}) < 0.35);
  CHECK(erm.at({"test", "flip_rate"}) > 0.6);
  CHECK(erm.at({"test", "confusion_index"}) > 0.6);
  const auto greyscale =
      accuracy("{ name = \"mlp\", width = 32, greyscale = true }", "{ name = \"offline\" }");
  CHECK(greyscale.at({"test", "accuracy"}) > 0.68);
  CHECK(greyscale.at({"test", "flip_rate"}) == 0.0);
  const auto oracle = accuracy(plain, "{ name = \"offline\", randomise_cue = true }");
  CHECK(oracle.at({"test", "accuracy"}) > 0.65);
  // The shift curve from two arms of twins passes through what sampling gives at the test shift:
  // two independent sets of 4000 rows differ by less than four standard errors of a proportion.
  CHECK(std::abs(erm.at({"shift=0.9", "accuracy"}) - erm.at({"test", "accuracy"})) <
        4 * std::sqrt(2 * 0.25 / 4000));
}
