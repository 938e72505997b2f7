#include <map>
#include <set>
#include <string>

#include "catch.hpp"
#include "core/measurement_names.hpp"
#include "spurion/analysis/stored_metrics.hpp"
#include "spurion/run.hpp"
#include "spurion/store.hpp"
#include "temporary_folder.hpp"

using namespace spurion;
using spurion::tests::TemporaryFolder;

namespace {

/// Classification and regression, one cue and several, with exact theory, on no stream and on
/// streams of each regime; policies that act, with an exact predictive and without.
constexpr const char* kNumbersSuite = R"toml(
name = "numbers"
seeds = 1
[defaults]
model = { name = "linear" }
method = { name = "erm" }
training = { steps = 24, rows = 60, batch = 10 }
evaluation = { rows = 60, training_rows = 30 }
[[experiment]]
name = "offline"
regime = { name = "offline" }
[experiment.grid]
environment = [
  { name = "two_bit" }, { name = "two_shortcuts" }, { name = "availability" },
  { name = "chain_sem" }, { name = "linear_unit_tests" },
]
[[experiment]]
name = "on_the_way"
environment = { name = "two_shortcuts" }
regime = { name = "offline" }
evaluation = { rows = 60, training_rows = 30, every = 8 }
[[experiment]]
name = "probed"
environment = { name = "two_bit" }
regime = { name = "offline" }
evaluation = { rows = 60, training_rows = 30, probes = [{ name = "input_gradient" }] }
[[experiment]]
name = "theory"
environment = { name = "ridge_correlation" }
method = { name = "ridge" }
regime = { name = "offline" }
[[experiment]]
name = "finite"
environment = { name = "table" }
regime = { name = "offline" }
evaluation = { rows = 100000, training_rows = 30 }
[[experiment]]
name = "streams"
[experiment.grid]
environment = [{ name = "two_shortcuts" }, { name = "chain_sem" }]
regime = [
  { name = "continual", trajectory = "reversal", phase_count = 2 },
  { name = "continual", trajectory = "fixed", phase_count = 2, control_shift = "mechanism" },
  { name = "online", trajectory = "reversal", phase_count = 2 },
  { name = "online_active", trajectory = "reversal", phase_count = 2 },
]
[[experiment]]
name = "acting"
environment = { name = "mountain_car", graph_inputs = true }
regime = { name = "graph_intervention", iterations = 2 }
[[experiment]]
name = "anchored"
environment = { name = "delusion", horizon = 4 }
method = { name = "ppo", kl_anchor = 0.1 }
regime = { name = "policy_gradient" }
[[experiment]]
name = "selected"
environment = { name = "two_bit" }
regime = { name = "iterated_selection", candidates = 2, survivors = 1, rounds = 2 }
[[experiment]]
name = "belief"
environment = { name = "delusion" }
regime = { name = "offline" }
)toml";

const StoredResults& stored() {
  static const StoredResults results = [] {
    const TemporaryFolder folder;
    RunOptions options;
    options.out = folder.path() / "out";
    run_suite(Suite::parse(kNumbersSuite, "numbers.toml"), builtin_catalog(), options);
    return read_results(options.out);
  }();
  return results;
}

}  // namespace

TEST_CASE("every stored number is explained, and lies in its range") {
  const StoredResults& results = stored();
  REQUIRE(results.trials.size() == 21);
  const analysis::StoredMetrics metrics(results);
  std::set<std::string> seen;
  constexpr double kSlack = 1e-9;
  for (const TrialResult& trial : results.trials) {
    REQUIRE(trial.status == Status::done);
    const bool accuracy = trial.measurements.last("test", "accuracy").has_value();
    for (const MeasurementRow row : trial.measurements) {
      INFO(trial.spec.environment.name << " " << trial.spec.regime.name << ": " << row.metric
                                       << " in " << row.domain << " = " << row.value);
      CHECK(metrics.knows(row.metric));
      CHECK(core::parse_domain(row.domain).in != core::MeasuredIn::other);
      CHECK(metrics.of(row.metric).range_of(accuracy).holds(row.value, kSlack));
      seen.insert(metrics.of(row.metric).name);
    }
  }
  // The table lists nothing that is never written. No built-in regression can change its causal
  // feature, but environments of plug-ins may.
  seen.insert(core::stored_name(core::MetricId::causal_counterfactual_rms_change));
  for (const MetricInfo& own : core::own_metrics()) {
    INFO(own.name);
    CHECK(seen.count(own.name) == 1);
  }
}

TEST_CASE("what selectors read is stored at each measured update, and after a stream at its end") {
  using Updates = std::map<std::int64_t, double>;
  for (const TrialResult& trial : stored().trials) {
    CAPTURE(trial.spec.experiment, trial.spec.environment.name);
    const bool on_the_way = trial.spec.experiment == "on_the_way";
    // Each of two rounds has its best and its reference.
    const bool selected = trial.spec.experiment == "selected";
    for (const char* domain : {"validation", "validation_test"}) {
      std::map<std::string, Updates> numbers;
      for (const MeasurementRow row : trial.measurements) {
        if (row.domain == domain) numbers[row.metric][row.step] = row.value;
      }
      for (const auto& [metric, updates] : numbers) {
        CAPTURE(domain, metric);
        CHECK(updates.size() == (on_the_way ? 4 : selected ? 4 : 1));
        if (on_the_way) CHECK(updates.rbegin()->first == 24);
      }
      if (!on_the_way) continue;
      REQUIRE(numbers.count("worst_group_accuracy") == 1);
      for (const auto& [update, worst] : numbers["worst_group_accuracy"]) {
        CHECK(worst <= numbers["accuracy"].at(update));
      }
    }
  }
}

TEST_CASE("the store says which options of a regime shape its stream") {
  const auto& context = stored().context;
  const std::string shaping = context.at("stream_options.continual");
  CHECK(shaping.find("phase_count") != std::string::npos);
  CHECK(shaping.find("control_shift_levels") != std::string::npos);
  CHECK(shaping.find("max_past_phases_evaluated") == std::string::npos);
  CHECK(context.count("stream_options.offline") == 0);
}
