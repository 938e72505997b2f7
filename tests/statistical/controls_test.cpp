// What a benchmark run says of the controls: nothing is confused where nothing can be, and what is
// not defined is left out. Two seeds of a small perceptron; tolerances are several times the
// standard error of 8000 held-out rows (0.006).
#include <fmt/format.h>

#include <cmath>
#include <map>
#include <vector>

#include "catch.hpp"
#include "spurion/analysis/answer.hpp"
#include "spurion/run.hpp"

namespace spurion {
namespace {

/// Means over seeds by (domain, metric); numbers that were not measured are not there.
using DomainNumbers = std::map<std::pair<std::string, std::string>, double>;

DomainNumbers run(const std::string& environment, bool oracle) {
  const Catalog catalog = builtin_catalog();
  const auto sources = std::make_shared<const DataSources>();
  const Suite suite = Suite::parse(fmt::format(R"(
name = "s"
seeds = 2
[[experiment]]
name = "e"
environment = {{ name = "{}" }}
model = {{ name = "mlp", width = 16, depth = 1 }}
method = {{ name = "erm" }}
regime = {{ name = "offline", randomise_cue = {} }}
optimizer = {{ name = "adam", learning_rate = 0.003, weight_decay = 0.001 }}
training = {{ steps = 500, rows = 4000, batch = 128 }}
evaluation = {{ rows = 4000, training_rows = 0 }}
)",
                                               environment, oracle),
                                   "s.toml");
  DomainNumbers sums;
  std::map<std::pair<std::string, std::string>, double> counts;
  for (const Pack& pack : plan(suite.trials(catalog), catalog, *sources, {})) {
    for (const TrialResult& result : run_pack(pack, catalog, sources)) {
      REQUIRE(result.status == Status::done);
      for (const Measurement& row : result.measurements) {
        REQUIRE(std::isfinite(row.value));
        sums[{row.domain, row.metric}] += row.value;
        counts[{row.domain, row.metric}] += 1.0;
      }
    }
  }
  for (auto& [key, sum] : sums) sum /= counts.at(key);
  return sums;
}

constexpr const char* kTest = "test";

/// The results of a suite.
StoredResults run_all(const std::string& text) {
  const Catalog catalog = builtin_catalog();
  const auto sources = std::make_shared<const DataSources>();
  StoredResults results;
  results.context["suite"] = text;
  for (const std::string& name : catalog.methods.names()) {
    const Control control = catalog.methods.at(name).info.control;
    if (control != Control::none) results.context["control." + name] = control_name(control);
  }
  const Suite suite = Suite::parse(text, "s.toml");
  for (const Pack& pack : plan(suite.trials(catalog), catalog, *sources, {})) {
    for (TrialResult& result : run_pack(pack, catalog, sources)) {
      REQUIRE(result.status == Status::done);
      results.trials.push_back(std::move(result));
    }
  }
  return results;
}

/// What every kind of question answers of a control: offline at two widths by two methods, and
/// through a reversal of its cue by three regimes. Tables and sentences as one text.
std::string every_answer(const std::string& environment) {
  const std::string text = fmt::format(R"(
name = "s"
seeds = 5
[defaults]
environment = {{ name = "{}" }}
model = {{ name = "mlp", width = 16, depth = 1 }}
method = {{ name = "erm" }}
optimizer = {{ name = "adam", learning_rate = 0.003, weight_decay = 0.001 }}
training = {{ steps = 400, rows = 4000, batch = 64 }}
evaluation = {{ rows = 4000, training_rows = 0 }}
[[experiment]]
name = "offline"
regime = {{ name = "offline" }}
[experiment.grid]
method = [{{ name = "erm" }}, {{ name = "group_dro" }}]
"model.width" = [8, 32]
[[experiment]]
name = "streams"
[experiment.grid]
regime = [
  {{ name = "offline" }},
  {{ name = "continual", trajectory = "reversal", phase_count = 2 }},
  {{ name = "online", trajectory = "reversal", phase_count = 2 }},
]
[[question]]
text = "?"
kind = "gap_against_scale"
experiment = "offline"
axis = "model.width"
[[question]]
text = "?"
kind = "compare_methods"
experiment = "offline"
[[question]]
text = "?"
kind = "trend"
experiment = "offline"
axis = "model.width"
claim = "falls"
metric = "gap"
[[question]]
text = "?"
kind = "compare_regimes"
experiment = "streams"
[[question]]
text = "?"
kind = "streams"
experiment = "streams"
)",
                                       environment);
  const StoredResults results = run_all(text);
  std::string said;
  for (const analysis::Answer& answer : analysis::answer_all(results)) {
    said += answer.sentence + "\n";
    for (const analysis::Table& table : answer.tables) {
      for (const auto& row : table.rows) {
        for (const auto& cell : row) said += text_of(cell) + " | ";
        said += "\n";
      }
    }
  }
  return said;
}

}  // namespace

TEST_CASE("control_no_shift: no gap, and no confusion index where to follow the cue is right") {
  const DomainNumbers erm = run("control_no_shift", false);
  CHECK(std::abs(erm.at({kTest, "gap"})) < 0.02);
  // It leans on the cue, as it should: reliance is not confusion.
  CHECK(erm.at({kTest, "flip_rate"}) > 0.3);
  CHECK(erm.at({kTest, "accuracy"}) > erm.at({kTest, "ceiling_invariant"}) + 0.02);
  CHECK(erm.at({kTest, "ceiling_spurious_only"}) > erm.at({kTest, "ceiling_invariant"}));
  CHECK(erm.count({kTest, "confusion_index"}) == 0);
}

TEST_CASE("control_no_cue: no gap, no reliance, an index of 0") {
  const DomainNumbers erm = run("control_no_cue", false);
  CHECK(std::abs(erm.at({kTest, "gap"})) < 0.02);
  CHECK(erm.at({kTest, "flip_rate"}) < 0.05);
  CHECK(std::abs(erm.at({kTest, "confusion_index"})) < 0.08);
}

TEST_CASE("control_causal_cue: reliance on a cause makes no gap and an index of 0") {
  const DomainNumbers erm = run("control_causal_cue", false);
  CHECK(std::abs(erm.at({kTest, "gap"})) < 0.02);
  CHECK(erm.at({kTest, "flip_rate"}) > 0.2);
  CHECK(std::abs(erm.at({kTest, "confusion_index"})) < 0.15);
  CHECK(std::abs(erm.at({kTest, "cue_randomised_accuracy"}) - erm.at({kTest, "accuracy"})) < 0.03);
  // Nothing is taken away by resampling a cause, label and all.
  const DomainNumbers oracle = run("control_causal_cue", true);
  CHECK(std::abs(oracle.at({kTest, "accuracy"}) - erm.at({kTest, "accuracy"})) < 0.02);
}

TEST_CASE("control_unlearnable: what is not learned is told from what is confused by the oracle") {
  const DomainNumbers erm = run("control_unlearnable", false);
  CHECK(erm.at({kTest, "gap"}) > 0.6);
  CHECK(erm.at({kTest, "confusion_index"}) > 0.8);
  const DomainNumbers oracle = run("control_unlearnable", true);
  // Chance in every domain: no gap, and an index of (1 - 1/2) / (1 - 1/10), which is inability.
  CHECK(std::abs(oracle.at({kTest, "gap"})) < 0.03);
  CHECK(oracle.at({kTest, "accuracy"}) == Approx(0.5).margin(0.03));
  CHECK(oracle.at({kTest, "confusion_index"}) == Approx(0.5 / 0.9).margin(0.04));
}

TEST_CASE("whatever is asked of a control, nobody is called confused, or cured of it") {
  for (const char* control : {"control_no_shift", "control_no_cue", "control_causal_cue"}) {
    const std::string said = every_answer(control);
    CAPTURE(control, said);
    for (const char* false_here :
         {"resolves the confusion", "resolved", "does not resolve", "replaced", "relies on its cue",
          "beats", "does worse", "collapse", "did not learn", "grows", "| open |"}) {
      CAPTURE(false_here);
      CHECK(said.find(false_here) == std::string::npos);
    }
  }
  const std::string no_cue = every_answer("control_no_cue");
  CAPTURE(no_cue);
  CHECK(no_cue.find("has no confusion to resolve: ") != std::string::npos);
  CHECK(no_cue.find("There is no gap to close") != std::string::npos);
}

TEST_CASE("control_unlearnable: what leans on its cue is said to, and nothing is called cured") {
  const std::string said = every_answer("control_unlearnable");
  CAPTURE(said);
  CHECK(said.find("relies on its cue, with a gap of") != std::string::npos);
  for (const char* false_here : {"resolves the confusion", "resolved", "not confused", "closes"}) {
    CAPTURE(false_here);
    CHECK(said.find(false_here) == std::string::npos);
  }
}

TEST_CASE("no method, and no random penalty, beats ERM where nothing can be gained") {
  const StoredResults results = run_all(R"(
name = "s"
seeds = 5
[defaults]
environment = { name = "control_no_cue" }
model = { name = "mlp", width = 8, depth = 1 }
method = { name = "erm" }
regime = { name = "offline", interventions = true }
optimizer = { name = "adam", learning_rate = 0.01 }
training = { steps = 200, rows = 1000, batch = 64 }
evaluation = { rows = 2000, training_rows = 0 }
[[experiment]]
name = "e"
[experiment.grid]
environment = [{ name = "control_no_cue" }, { name = "control_no_shift" }]
method = [
  { name = "erm" },
  { name = "v_rex", penalty_weight = 10.0, anneal_steps = 50 },
  { name = "random_penalty", penalty_weight = 10.0, anneal_steps = 50 },
  { name = "counterfactual_augmentation" },
]
[[question]]
text = "?"
kind = "leaderboard"
experiment = "e"
)");
  const analysis::Answer answer = analysis::answer_all(results).front();
  CHECK(answer.sentence.find("No method is shown to be better than erm") != std::string::npos);
  CHECK(answer.sentence.find("there is no") == std::string::npos);  // every control is there
  const analysis::Table& table = answer.tables[1];                  // of each environment
  CHECK(table.rows.size() == 8);
  for (std::size_t i = 0; i < table.rows.size(); ++i) {
    CAPTURE(text_of(table.rows[i].front()), text_of(table.cell(i, "environment")));
    CHECK(text_of(table.cell(i, "result")).substr(0, 3) != "won");
    CHECK(text_of(table.cell(i, "learned")) == "yes");
  }
}

}  // namespace spurion
