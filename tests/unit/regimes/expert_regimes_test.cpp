// Regimes whose learner acts with an expert: what they ask, what they count, what they find.
#include <ATen/ATen.h>
#include <fmt/format.h>

#include "catch.hpp"
#include "regimes/shared/graph_masks.hpp"
#include "spurion/error.hpp"
#include "spurion/run.hpp"
#include "unit/harness/test_suites.hpp"

using namespace spurion;
using Catch::Contains;

namespace {

/// Two train domains.
constexpr const char* kCar =
    R"({ name = "mountain_car", horizon = 30, train_shifts = [0.0, 0.5] })";
constexpr const char* kGraphCar =
    R"({ name = "mountain_car", horizon = 30, train_shifts = [0.0, 0.5], graph_inputs = true })";

TrialResult acted_trial(const std::string& environment, const std::string& regime,
                        const std::string& training = "{ steps = 12, rows = 40, batch = 10 }") {
  return tests::run_only_trial(fmt::format(R"(
name = "s"
[[experiment]]
name = "e"
environment = {}
model = {{ name = "linear" }}
method = {{ name = "erm" }}
regime = {}
training = {}
evaluation = {{ rows = 20, training_rows = 0 }}
)",
                                           environment, regime, training));
}

/// The last number of the learner's own actions.
double of_learner(const TrialResult& trial, const std::string& metric) {
  const auto value = trial.measurements.last("acting", metric);
  REQUIRE(value.has_value());
  return *value;
}

}  // namespace

TEST_CASE("dagger buys as many labels of own states as of further demonstrations") {
  const std::string options = "name = \"dagger\", rounds = 3, labels = 25";
  const TrialResult own = acted_trial(kCar, "{ " + options + " }");
  const TrialResult offline = acted_trial(kCar, "{ " + options + ", query = \"demonstrations\" }");
  // 3 updates of 10 rows show 30 demonstrations of each domain before the first round. Later
  // updates may show the rest.
  for (const TrialResult* trial : {&own, &offline}) {
    CHECK(trial->cost.steps == 12);
    CHECK(trial->cost.rows_seen == 12 * 20);
    CHECK(trial->cost.labels_used >= 2 * (30 + 75));
    CHECK(trial->cost.labels_used <= 2 * (40 + 75));
  }
  CHECK(of_learner(own, "expert_queries") == 150);
  CHECK(of_learner(offline, "expert_queries") == 0);
  // The car does not climb in 30 steps: an episode of 30 states is enough for 25 labels.
  CHECK(of_learner(own, "environment_steps") == 3 * 2 * 30);
  CHECK(of_learner(offline, "environment_steps") == 0);
  CHECK(own.cost.flops > offline.cost.flops);
  CHECK(own.measurements.last("acting", "training_return").has_value());
  CHECK_FALSE(offline.measurements.last("acting", "training_return").has_value());
  // A whole training set as a minibatch uses every label.
  const TrialResult full =
      acted_trial(kCar, "{ " + options + " }", "{ steps = 8, rows = 40, batch = 0 }");
  CHECK(full.cost.labels_used == 2 * (40 + 75));
  CHECK(full.cost.rows_seen == 2 * 2 * (40 + 65 + 90 + 115));
  const TrialResult latest = acted_trial(kCar, "{ " + options + ", keep = \"latest\" }",
                                         "{ steps = 8, rows = 40, batch = 0 }");
  CHECK(latest.cost.rows_seen == 2 * 2 * (40 + 3 * 25));
}

TEST_CASE("with beta = 1 the expert acts in every round") {
  // The expert climbs within 200 steps, so that its returns are those of the expert.
  const char* car = R"({ name = "mountain_car" })";
  const TrialResult expert =
      acted_trial(car, R"({ name = "dagger", rounds = 1, labels = 400, episodes = 4, beta = 1.0 })",
                  "{ steps = 2, rows = 10, batch = 5 }");
  CHECK(of_learner(expert, "training_return") == Approx(-119.7).margin(8.0));
  CHECK(of_learner(expert, "environment_steps") == Approx(4 * 119.7).margin(40.0));
}

TEST_CASE("both modes of teaching have equal updates and labels") {
  const TrialResult factual = acted_trial(kCar, R"({ name = "teaching", mode = "factual" })");
  const TrialResult counterfactual = acted_trial(kCar, R"({ name = "teaching" })");
  for (const TrialResult* trial : {&factual, &counterfactual}) {
    CHECK(trial->cost.steps == 12);
    CHECK(trial->cost.rows_seen == 12 * 20);
    CHECK(trial->cost.labels_used == 12 * 20);
  }
  CHECK(of_learner(factual, "expert_queries") == 0);
  CHECK(of_learner(factual, "environment_steps") == 0);
  CHECK(of_learner(counterfactual, "expert_queries") == 12 * 20);
  // 30 steps make the episodes differ in age.
  CHECK(of_learner(counterfactual, "environment_steps") == (12 + 30) * 20);
}

TEST_CASE("a policy on a graph is found by acting and by asking") {
  const TrialResult acted =
      acted_trial(kGraphCar, R"({ name = "graph_intervention", iterations = 6 })");
  CHECK(of_learner(acted, "environment_steps") == 6 * 2 * 30);
  CHECK(of_learner(acted, "expert_queries") == 0);
  CHECK(acted.cost.labels_used == 80);
  const TrialResult asked = acted_trial(
      kGraphCar, R"({ name = "graph_intervention", search = "expert_query", queries = 15 })");
  CHECK(of_learner(asked, "environment_steps") == 2 * 30);
  CHECK(of_learner(asked, "expert_queries") == 15);
  CHECK(asked.cost.labels_used == 95);
  for (const TrialResult* trial : {&acted, &asked}) {
    for (const char* name : {"shown_0", "shown_1", "shown_2"}) {
      const double shown = of_learner(*trial, name);
      CHECK((shown == 0.0 || shown == 1.0));
    }
  }
}

TEST_CASE("a regime whose learner acts says which environment it needs") {
  const Catalog catalog = builtin_catalog();
  const auto made = [](const auto& entry, const Value& options) {
    Problems problems;
    Value all = entry.schema.normalise(options, "s", problems);
    problems.raise();
    return all;
  };
  const auto refusal = [&](const char* world, const char* regime, const Value& options) {
    const auto& environments = catalog.environments.at(world);
    const auto& regimes = catalog.regimes.at(regime);
    regimes.make({made(regimes, options)})
        ->check(*environments.make({made(environments, Value())}, EnvironmentContext{1, nullptr}),
                {12, 40, 10});
  };
  for (const char* name : {"dagger", "teaching", "graph_intervention"}) {
    CHECK_THROWS_WITH(
        refusal("two_bit", name, Value()),
        Contains(fmt::format("regime '{}' needs an environment that answers to actions", name)));
    // Who skips the check is refused all the same.
    CHECK_THROWS_WITH(
        acted_trial(R"({ name = "two_bit" })", fmt::format("{{ name = \"{}\" }}", name)),
        Contains("needs an environment that answers to actions"));
  }
  CHECK_THROWS_WITH(refusal("mountain_car", "graph_intervention", Value()),
                    Contains("set its option graph_inputs = true"));
  CHECK_THROWS_WITH(refusal("mountain_car", "dagger", Value::Table{{"rounds", 12}}),
                    Contains("with 12 rounds needs at least 13"));
}

TEST_CASE("a mask hides the inputs of a variable, and says so") {
  const Catalog catalog = builtin_catalog();
  const auto& entry = catalog.environments.at("mountain_car");
  Problems problems;
  const Value options = entry.schema.normalise(Value::Table{{"graph_inputs", true}}, "m", problems);
  problems.raise();
  const auto world = entry.make({options}, EnvironmentContext{3, nullptr});
  const regimes::GraphMasks masks(*world->interactive());
  REQUIRE(masks.groups() == 3);
  const Tensor shown = at::tensor({1.0F, 0.0F, 1.0F, 0.0F, 0.0F, 1.0F}).reshape({2, 3});
  const Tensor expected =
      at::tensor({1.0F, 0.0F, 1.0F, 1.0F, 0.0F, 1.0F, 0.0F, 0.0F, 1.0F, 0.0F, 0.0F, 1.0F})
          .reshape({2, 6});
  CHECK(at::equal(masks.factors(shown), expected));
}

TEST_CASE("ridge weights of masks are those of the closed form") {
  // Centred, the two masks are orthogonal: w_g = sum x y / (sum x^2 + 1).
  const Tensor masks = at::tensor({0.0F, 0.0F, 0.0F, 1.0F, 1.0F, 0.0F, 1.0F, 1.0F}).reshape({4, 2});
  const Tensor values = at::tensor({-200.0, -190.0, -130.0, -120.0}, at::kDouble);
  const Tensor weights = regimes::ridge_weights(masks, values, 1.0);
  CHECK(weights[0].item<double>() == Approx(70.0 / 2.0));
  CHECK(weights[1].item<double>() == Approx(10.0 / 2.0));
}
