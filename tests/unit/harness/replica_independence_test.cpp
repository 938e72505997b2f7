#include <algorithm>
#include <map>

#include "catch.hpp"
#include "spurion/run.hpp"

using namespace spurion;

namespace {

using TrialNumbers = std::map<std::string, Measurements>;

TrialNumbers run_all(const Catalog& catalog, const std::vector<TrialSpec>& trials,
                     std::int64_t replicas) {
  const auto sources = std::make_shared<const DataSources>();
  PlanOptions options;
  options.max_replicas = replicas;
  TrialNumbers numbers;
  for (const Pack& pack : plan(trials, catalog, *sources, options)) {
    for (const TrialResult& result : run_pack(pack, catalog, sources)) {
      CHECK(result.status == Status::done);
      numbers[result.spec.id()] = result.measurements;
    }
  }
  return numbers;
}

bool same_bits(const TrialNumbers& a, const TrialNumbers& b) {
  if (a.size() != b.size()) return false;
  for (const auto& [id, rows] : a) {
    const auto& others = b.at(id);
    if (rows.size() != others.size()) return false;
    for (std::size_t i = 0; i < rows.size(); ++i) {
      if (rows[i].metric != others[i].metric || rows[i].domain != others[i].domain ||
          rows[i].value != others[i].value) {
        UNSCOPED_INFO(rows[i].domain << ' ' << rows[i].metric << ' ' << rows[i].value << " against "
                                     << others[i].value);
        return false;
      }
    }
  }
  return true;
}

/// The regimes whose learner does not act, but for those that each method meets.
std::vector<std::string> regimes_in_turn(const Catalog& catalog) {
  std::vector<std::string> names;
  for (const std::string& name : catalog.regimes.names()) {
    const bool for_all = name == "offline" || name == "continual" || name == "test_time";
    if (!for_all && !catalog.regimes.at(name).make({Value()})->acts()) names.push_back(name);
  }
  return names;
}

}  // namespace

// Every built-in method, and every regime, with row counts that fill no vector register. A method
// does not know its regime: it sees batches and the beginnings of phases. So each method meets
// `offline`, `continual`, which has phases, and one regime more, another than the method before it;
// `erm` meets all.
TEST_CASE("a trial's numbers are the same bits alone and among others") {
  const Catalog catalog = builtin_catalog();
  const std::vector<std::string> turns = regimes_in_turn(catalog);
  std::size_t turn = 0;
  for (const std::string& method : catalog.methods.names()) {
    ++turn;
    for (const std::string& regime : catalog.regimes.names()) {
      const bool takes_turns = std::find(turns.begin(), turns.end(), regime) != turns.end();
      if (takes_turns && method != "erm" && regime != turns[turn % turns.size()]) continue;
      CAPTURE(method, regime);
      const auto asked =
          catalog.methods.at(method).make({Value()}, MethodContext{Task::binary, 1, 3, 8});
      const Access needs = asked->needs();
      const auto training = catalog.regimes.at(regime).make({Value()});
      const bool acts = training->acts();
      // Who learns from rewards needs a learner that acts; one that asks an expert is for all.
      if (needs.rewards != training->grants().rewards) continue;
      if (acts && !needs.rewards && method != "erm") continue;
      // It drives a method as offline does, many times over.
      if (regime == "iterated_selection" && method != "erm") continue;
      const bool one_life = regime == "continual_acting";
      if (one_life && !catalog.environments.contains("tree_harvest")) continue;
      const bool groups = needs.group_labels || needs.group_labels_validation;
      // Only offline (and in test_time, which trains so) there is a fixed training set, with
      // validation rows and a known mechanism.
      const bool whole_set = asked->row_request().any() || needs.validation_rows ||
                             needs.counterfactual_rows || needs.exact_ceilings || needs.cue_inputs;
      // Methods that see no unlabelled rows train in test_time as offline.
      const bool adapts = needs.unlabelled_target;
      if (adapts != (regime == "test_time")) continue;
      // Group labels are granted there too, where it is asked for, and need a world with groups.
      if ((whole_set || groups) && !adapts && regime != "offline") continue;
      const std::string normalisation = adapts ? R"(, normalisation = "batch")" : "";
      const std::string world =
          one_life ? R"("tree_harvest")"
          : acts   ? R"("mountain_car", horizon = 20, graph_inputs = true)"
                   : (groups ? R"("two_shortcuts")" : R"("linear_unit_tests", example = "3")");
      std::string granted = groups ? ", group_labels = true" : "";
      if (needs.counterfactual_rows) granted += ", interventions = true";
      if (adapts) granted += ", adaptation_batches = 2, adaptation_rows = 31";
      const Suite suite = Suite::parse(R"(
name = "independence"
seeds = 3
[defaults]
environment = { name = )" + world + R"( }
model = { name = "mlp", width = 7, depth = 2)" +
                                           normalisation + R"( }
training = { steps = 9, rows = 37, batch = 13 }
evaluation = { rows = 53, training_rows = 19 }
optimizer = { name = "adam", learning_rate = 0.01 }
[[experiment]]
name = "all"
method = { name = ")" + method + R"(" }
regime = { name = ")" + regime + R"(")" + granted +
                                           R"( }
[experiment.grid]
"optimizer.learning_rate" = [0.01, 0.05]
)",
                                       "s.toml");
      const auto trials = suite.trials(catalog);
      const TrialNumbers together = run_all(catalog, trials, 32);
      CHECK(same_bits(together, run_all(catalog, trials, 1)));
      auto reversed = trials;
      std::reverse(reversed.begin(), reversed.end());
      CHECK(same_bits(together, run_all(catalog, reversed, 4)));
    }
  }
}

TEST_CASE("trials of every activation function are the same bits alone and among others") {
  const Catalog catalog = builtin_catalog();
  for (const std::string activation : {"relu", "tanh", "gelu"}) {
    CAPTURE(activation);
    const auto trials = Suite::parse(R"(
name = "activations"
seeds = 3
[[experiment]]
name = "all"
environment = { name = "two_shortcuts" }
model = { name = "mlp", width = 7, depth = 2, activation = ")" +
                                         activation + R"(" }
method = { name = "v_rex" }
regime = { name = "offline" }
training = { steps = 9, rows = 37, batch = 13 }
evaluation = { rows = 53, training_rows = 19 }
[experiment.grid]
"optimizer.learning_rate" = [0.01, 0.05]
)",
                                     "s.toml")
                            .trials(catalog);
    const TrialNumbers together = run_all(catalog, trials, 32);
    CHECK(same_bits(together, run_all(catalog, trials, 1)));
  }
}
