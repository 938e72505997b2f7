// What on-policy learning does in the frozen T-maze (Suau et al. 2024): the location tells the
// signal only because the learner's own policy makes it so.
#include <map>

#include "catch.hpp"
#include "spurion/run.hpp"

using namespace spurion;

namespace {

/// The mean over seeds of a number of each domain, by what a policy remembers.
using Means = std::map<std::pair<std::string, std::string>, double>;

Means trained_returns() {
  constexpr double kSeeds = 4.0;
  const Catalog catalog = builtin_catalog();
  const auto sources = std::make_shared<const DataSources>();
  const Suite suite = Suite::parse(R"(
name = "habit"
seeds = 4
[[experiment]]
name = "e"
environment = { name = "frozen_t_maze", length = 5 }
model = { name = "mlp", width = 32, depth = 1 }
method = { name = "ppo" }
regime = { name = "policy_gradient", rollout_steps = 32, discount = 0.9 }
optimizer = { name = "adam", learning_rate = 0.01 }
training = { steps = 640, rows = 100, batch = 16 }
evaluation = { rows = 100, training_rows = 0 }
[experiment.grid]
"environment.memory" = ["none", "signal"]
)",
                                   "s.toml");
  Means means;
  for (const Pack& pack : plan(suite.trials(catalog), catalog, *sources, {})) {
    for (const TrialResult& result : run_pack(pack, catalog, sources)) {
      REQUIRE(result.status == Status::done);
      const std::string memory = result.spec.environment.options.find("memory")->as_string();
      for (const Measurement& row : result.measurements) {
        if (row.metric == "return") means[{memory, row.domain}] += row.value / kSeeds;
      }
    }
  }
  return means;
}

}  // namespace

TEST_CASE("a policy without memory makes its location tell the signal, and fails on ice") {
  const Means returns = trained_returns();
  // What the location cannot tell by itself is worth 0.5; so it tells it.
  CHECK(returns.at({"none", "train_0"}) > 0.8);
  // Exact for whoever follows the location on ice: 0.5.
  CHECK(returns.at({"none", "test"}) == Approx(0.5).margin(0.1));
  // With the signal in its inputs the same learner is not misled.
  CHECK(returns.at({"signal", "train_0"}) > 0.95);
  CHECK(returns.at({"signal", "test"}) > 0.9);
}
