#include <set>

#include "catch.hpp"
#include "spurion/run.hpp"
#include "unit/harness/test_suites.hpp"

using namespace spurion;

TEST_CASE(
    "trials that differ in seed and per-replica options share a pack; every trial is in one") {
  const Catalog catalog = builtin_catalog();
  const DataSources sources;
  const auto trials = Suite::parse(tests::tiny_suite(), "s.toml").trials(catalog);
  const auto packs = plan(trials, catalog, sources, {});
  CHECK(packs.size() == 2);  // one a method: learning rate and seed pack
  std::set<std::string> ids;
  for (const Pack& pack : packs) {
    CHECK(pack.flops > 0.0);
    for (const TrialSpec& trial : pack.trials) {
      CHECK(trial.method.name == pack.trials.front().method.name);
      CHECK(ids.insert(trial.id()).second);
    }
  }
  CHECK(ids.size() == trials.size());
}

TEST_CASE("limits on replicas and memory split packs") {
  const Catalog catalog = builtin_catalog();
  const DataSources sources;
  const auto trials = Suite::parse(tests::tiny_suite(), "s.toml").trials(catalog);
  PlanOptions options;
  options.max_replicas = 4;
  CHECK(plan(trials, catalog, sources, options).size() == 4);
  options.memory_bytes = 1.0;
  CHECK(plan(trials, catalog, sources, options).size() == trials.size());
}
