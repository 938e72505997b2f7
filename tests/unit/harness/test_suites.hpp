#pragma once

#include <memory>
#include <string>

#include "catch.hpp"
#include "harness/plan/preflight.hpp"
#include "spurion/catalog.hpp"
#include "spurion/error.hpp"
#include "spurion/run.hpp"
#include "spurion/suite.hpp"

namespace spurion::tests {

/// Two methods, two learning rates, three seeds of the two-bit world: 12 trials of a moment.
inline std::string tiny_suite() {
  return R"toml(
name = "tiny"
seeds = 3
[defaults]
environment = { name = "two_bit" }
model = { name = "mlp", width = 5, depth = 1 }
regime = { name = "offline" }
training = { steps = 7, rows = 33, batch = 11 }
evaluation = { rows = 101, training_rows = 33 }
[[experiment]]
name = "grid"
[experiment.grid]
method = [{ name = "erm" }, { name = "irm_v1", anneal_steps = 3 }]
"optimizer.learning_rate" = [0.01, 0.1]
[[question]]
text = "Which method does better?"
kind = "compare_methods"
experiment = "grid"
)toml";
}

/// Runs a suite of one trial, which ends well.
inline TrialResult run_only_trial(const std::string& suite) {
  const Catalog catalog = builtin_catalog();
  const auto sources = std::make_shared<const DataSources>();
  const auto packs = plan(Suite::parse(suite, "s.toml").trials(catalog), catalog, *sources, {});
  REQUIRE(packs.size() == 1);
  TrialResult result = run_pack(packs.front(), catalog, sources).front();
  INFO(result.message);
  REQUIRE(result.status == Status::done);
  return result;
}

/// The text with the first `from` replaced, which must be there.
inline std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const auto at = text.find(from);
  REQUIRE(at != std::string::npos);
  return text.replace(at, from.size(), to);
}

/// What is wrong with how the parts of this suite's trials fit each other; empty where nothing is.
inline std::string fit_problem(const std::string& text, const Catalog& catalog) {
  const Suite suite = Suite::parse(text, "s.toml");
  try {
    harness::EnvironmentPool pool(catalog, std::make_shared<const DataSources>());
    harness::check_fit(suite, suite.trials(catalog), pool);
  } catch (const UsageError& error) {
    return error.what();
  }
  return "";
}

}  // namespace spurion::tests
