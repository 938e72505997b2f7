// Trained, not planted: where a cue reverses, training on all data so far and the counterfactual
// oracle resolve the confusion, and a model that is left as it is stays as it is. The ceilings of
// two_shortcuts are exact; both of its cues reverse. What plain fine-tuning and online training do
// is for the studies to say.
#include <fmt/format.h>

#include "catch.hpp"
#include "spurion/analysis/streams.hpp"
#include "spurion/run.hpp"

using namespace spurion;
using analysis::StreamOutcome;

namespace {

analysis::StreamVerdict verdict(const std::string& regime) {
  const Catalog catalog = builtin_catalog();
  const auto sources = std::make_shared<const DataSources>();
  const Suite suite = Suite::parse(fmt::format(R"(
name = "s"
seeds = 5
[[experiment]]
name = "e"
environment = {{ name = "two_shortcuts", background = [0.05], companion = [0.05] }}
model = {{ name = "mlp", width = 32, depth = 1 }}
method = {{ name = "erm", l2 = 0.001 }}
regime = {{ trajectory = "reversal", phase_count = 2, {} }}
optimizer = {{ name = "adam", learning_rate = 0.002 }}
training = {{ steps = 3000, rows = 8000, batch = 64 }}
evaluation = {{ rows = 2000, training_rows = 0 }}
)",
                                               regime),
                                   "s.toml");
  std::vector<std::vector<analysis::StreamNumbers>> strata(1);
  for (const Pack& pack : plan(suite.trials(catalog), catalog, *sources, {})) {
    for (const TrialResult& result : run_pack(pack, catalog, sources)) {
      REQUIRE(result.status == Status::done);
      strata[0].push_back(*analysis::stream_numbers(result));
    }
  }
  return analysis::stream_verdict(strata, -1, 0.15, regime);
}

}  // namespace

TEST_CASE("joint training and the counterfactual oracle resolve, a frozen model stays") {
  const std::pair<const char*, StreamOutcome> expected[] = {
      {R"(name = "joint_retraining")", StreamOutcome::resolved},
      {R"(name = "continual", randomise_cue = true)", StreamOutcome::resolved},
      {R"(name = "continual", trainable = "none")", StreamOutcome::unchanged}};
  for (const auto& [regime, outcome] : expected) {
    const auto found = verdict(regime);
    CAPTURE(regime, found.flip_before.value, found.flip_after.value, found.flip_after.high,
            found.cue_contribution.value, found.cue_contribution_change.value);
    CHECK(std::string(outcome_name(found.outcome)) == outcome_name(outcome));
  }
}
