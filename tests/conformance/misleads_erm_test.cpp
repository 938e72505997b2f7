// Worlds that say whether they mislead ERM are held to it; the oracle, trained on rows whose cues
// were resampled, is never misled. Two seeds and a small model that can learn the causal feature;
// the confusion index is 0 for the invariant predictor and 1 for one that follows the cue.
#include <fmt/format.h>

#include <cmath>

#include "catch.hpp"
#include "spurion/run.hpp"

using namespace spurion;

namespace {

/// Sections of a suite: a model and how it is trained.
std::string learner(const std::string& environment) {
  // A perceptron does not learn to tell shapes that are drawn anywhere, at any angle and size.
  if (environment == "textured_shapes") {
    return R"(
model = { name = "cnn", channels = 8 }
optimizer = { name = "adam", learning_rate = 0.003 }
training = { steps = 900, rows = 4000, batch = 32 }
evaluation = { rows = 1000, training_rows = 0 }
)";
  }
  return R"(
model = { name = "mlp", width = 32, depth = 2 }
optimizer = { name = "adam", learning_rate = 0.003, weight_decay = 0.001 }
training = { steps = 800, rows = 4000, batch = 128 }
evaluation = { rows = 4000, training_rows = 0 }
)";
}

/// Mean over seeds of a metric in the test domain, of ERM or of the oracle.
double test_mean(const std::string& environment, bool oracle, const char* metric) {
  const Catalog catalog = builtin_catalog();
  const auto sources = std::make_shared<const DataSources>();
  const Suite suite = Suite::parse(fmt::format(R"(
name = "s"
seeds = 2
[[experiment]]
name = "e"
environment = {{ name = "{}" }}
method = {{ name = "erm" }}
regime = {{ name = "offline", randomise_cue = {} }}
{})",
                                               environment, oracle, learner(environment)),
                                   "s.toml");
  double sum = 0.0;
  double count = 0.0;
  for (const Pack& pack : plan(suite.trials(catalog), catalog, *sources, {})) {
    for (const TrialResult& result : run_pack(pack, catalog, sources)) {
      REQUIRE(result.status == Status::done);
      for (const Measurement& row : result.measurements) {
        if (row.domain != "test" || row.metric != metric) continue;
        sum += row.value;
        count += 1.0;
      }
    }
  }
  REQUIRE(count == 2.0);
  return sum / count;
}

}  // namespace

TEST_CASE("worlds that claim to mislead ERM do and the oracle is not misled") {
  const Catalog catalog = builtin_catalog();
  const auto sources = std::make_shared<const DataSources>();
  int claims = 0;
  for (const std::string& name : catalog.environments.names()) {
    const auto& entry = catalog.environments.at(name);
    Problems problems;
    const Value options = entry.schema.normalise({}, name, problems);
    problems.raise();
    std::unique_ptr<Environment> environment;
    try {
      environment = entry.make({options}, EnvironmentContext{0, sources});
    } catch (const DataError&) {
      continue;  // images that are not installed
    }
    const auto claim = environment->info().misleads_erm;
    if (!claim) continue;
    ++claims;
    INFO(name);  // no section: each would make every world again
    if (*claim) {
      CHECK(test_mean(name, false, "confusion_index") > 0.5);
      CHECK(test_mean(name, true, "confusion_index") < 0.25);
    } else {
      // Nothing to be misled by: what is lost out of distribution is sampling error.
      CHECK(std::abs(test_mean(name, false, "gap")) < 0.03);
    }
  }
  CHECK(claims > 0);
}
