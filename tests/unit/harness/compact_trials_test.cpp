// Trials that wait in few bytes come back as they were.
#include "harness/suite/compact_trials.hpp"

#include "catch.hpp"

using namespace spurion;

namespace {

/// Options that all trials of a method share in memory, and some of each trial's own.
std::vector<TrialSpec> mixed_trials() {
  const Value shared = Value::Table{{"width", 8}, {"words", Value::List{"a", "b"}}};
  const Value none = Value::Table{};
  std::vector<TrialSpec> trials;
  for (std::int64_t i = 0; i < 12; ++i) {
    TrialSpec spec;
    spec.environment = {i % 2 == 0 ? "two_bit" : "chain_sem", shared};
    spec.model = {i % 3 == 0 ? "linear" : "mlp", none};  // tables without entries are one place
    spec.method = {"erm", Value::Table{{"l2", 0.5 * static_cast<double>(i)}}};
    spec.regime = {"offline", Value()};
    spec.optimizer = i % 4 == 0 ? shared : Value(Value::Table{{"rate", i}});
    spec.training = Value::Table{{"steps", 10}};
    spec.evaluation = shared;
    spec.seed = i % 5;
    spec.base_seed = 7;
    spec.config_index = i / 5;
    spec.experiment = i < 4 || i > 8 ? "first" : "second";
    trials.push_back(spec);
  }
  return trials;
}

}  // namespace

TEST_CASE("trials in few bytes are those that were given") {
  const std::vector<TrialSpec> trials = mixed_trials();
  const harness::CompactTrials compact{std::vector<TrialSpec>(trials)};
  REQUIRE(compact.size() == trials.size());
  const std::vector<TrialSpec> all = compact.all();
  for (std::size_t i = 0; i < trials.size(); ++i) {
    INFO(i);
    CHECK(compact[i].canonical() == trials[i].canonical());
    CHECK(compact[i].id() == trials[i].id());
    CHECK(compact[i].experiment == trials[i].experiment);
    CHECK(all[i].id() == trials[i].id());
  }
  CHECK(harness::CompactTrials().empty());
  CHECK(harness::CompactTrials(std::vector<TrialSpec>()).all().empty());
}
