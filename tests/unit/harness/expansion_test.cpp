#include "harness/plan/expansion.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <set>

#include "catch.hpp"
#include "harness/suite/trial_sections.hpp"
#include "spurion/error.hpp"
#include "spurion/random.hpp"
#include "unit/harness/test_suites.hpp"

using namespace spurion;
using Catch::Contains;

namespace {

std::string with_search(const std::string& search) {
  std::string text = tests::tiny_suite();
  return text.insert(text.find("[[question]]"), "[experiment.search]\n" + search);
}

std::string refusal_of(const Suite& suite, double memory_bytes = 0.0) {
  try {
    (void)suite.trials(builtin_catalog(), memory_bytes);
  } catch (const UsageError& error) {
    return error.what();
  }
  return "";
}

std::string refusal_of(const std::string& text) { return refusal_of(Suite::parse(text, "s.toml")); }

std::string swapped(std::string text, const std::string& from, const std::string& to) {
  const auto at = text.find(from);
  REQUIRE(at != std::string::npos);
  return text.replace(at, from.size(), to);
}

/// The trials of a suite without a search, each made from nothing.
std::vector<std::string> ids_one_by_one(const Suite& suite, const Catalog& catalog) {
  std::vector<std::string> ids;
  for (const Experiment& experiment : suite.experiments) {
    std::vector<std::pair<std::string, Value::List>> axes;
    for (const bool whole : {true, false}) {
      for (const auto& [path, values] : experiment.grid.as_table()) {
        if ((path.find('.') == std::string::npos) == whole) {
          axes.emplace_back(path, values.as_list());
        }
      }
    }
    const std::function<void(std::size_t, const Value&)> walk = [&](std::size_t axis,
                                                                    const Value& sections) {
      if (axis < axes.size()) {
        const auto& [path, values] = axes[axis];
        const auto dot = path.find('.');
        for (const Value& value : values) {
          Value next = sections;
          if (dot == std::string::npos) {
            harness::merge_section(next, path, value);
          } else {
            next.as_table()[path.substr(0, dot)].as_table()[path.substr(dot + 1)] = value;
          }
          walk(axis + 1, next);
        }
        return;
      }
      Problems problems;
      const auto component = [&](const char* section, const auto& registry) {
        Value options = *sections.find(section);
        const std::string name = options.find("name")->as_string();
        options.as_table().erase("name");
        return Component{name, registry.at(name).schema.normalise(options, name, problems)};
      };
      const auto plain = [&](const char* section, const auto& schema) {
        const Value* given = sections.find(section);
        return schema.print(schema.parse(given == nullptr ? Value() : *given, section, problems));
      };
      TrialSpec spec;
      spec.environment = component("environment", catalog.environments);
      spec.model = component("model", catalog.models);
      spec.method = component("method", catalog.methods);
      spec.regime = component("regime", catalog.regimes);
      spec.optimizer = plain("optimizer", OptimizerOptions::schema());
      spec.training = plain("training", TrainingOptions::schema());
      spec.evaluation = plain("evaluation", EvaluationOptions::schema());
      spec.base_seed = suite.base_seed;
      for (spec.seed = 0; spec.seed < experiment.seeds; ++spec.seed) {
        const std::string text = spec.canonical().canonical_json();
        ids.push_back(fmt::format("{:016x}{:016x}", RandomKey(2).child(text).value(),
                                  RandomKey(1).child(text).value()));
      }
    };
    walk(0, experiment.sections);
  }
  return ids;
}

}  // namespace

TEST_CASE("the id of a trial is the hash of its canonical text") {
  // Worked out by a program of its own from the text and the definition of the hash.
  const std::string text =
      R"({"base_seed":11,"config_index":2,"environment":{"name":"two_bit","options":{"domains":[0.1,0.2],)"
      R"("label_noise":0.25}},"evaluation":{"every":0,"rows":100,"training_rows":0},)"
      R"("method":{"name":"erm","options":{"l2":1e-05,"note":")"
      "gr\u00fc\u00df"
      R"( \"x\""}},"model":{"name":"linear","options":{}},)"
      R"("optimizer":{"learning_rate":3.0,"name":"adam"},)"
      R"("regime":{"name":"offline","options":{"group_labels":false}},"seed":7,)"
      R"("training":{"batch":0,"rows":-5,"steps":1000}})";
  const TrialSpec trial = TrialSpec::from_canonical(parse_json(text, "test"));
  CHECK(trial.canonical().canonical_json() == text);
  CHECK(trial.id() == "23c8f7e45aada6e61a128c70ed394ba1");
  const auto id = harness::TrialId::read(trial.id());
  REQUIRE(id);
  CHECK((*id == harness::trial_id(trial)));
  CHECK(id->text() == trial.id());
  CHECK_FALSE(harness::TrialId::read("23c8f7e45aada6e61a128c70ed394ba10"));
  CHECK_FALSE(harness::TrialId::read("x" + trial.id().substr(1)));
}

TEST_CASE("shared sections give the trials, and the ids, that each trial gives alone") {
  const Catalog catalog = builtin_catalog();
  for (const char* name : {"first_look", "controls", "streams_first_look", "memorisation_scale"}) {
    CAPTURE(name);
    const Suite suite = Suite::load(name);
    Suite searched = suite;
    auto& experiments = searched.experiments;
    experiments.erase(std::remove_if(experiments.begin(), experiments.end(),
                                     [](const Experiment& one) { return one.configurations > 0; }),
                      experiments.end());
    const harness::Expansion expansion = harness::expand(searched, catalog, 0.0);
    const std::vector<std::string> alone = ids_one_by_one(searched, catalog);
    REQUIRE(expansion.trials.size() == alone.size());
    REQUIRE(expansion.ids.size() == alone.size());
    for (std::size_t i = 0; i < alone.size(); ++i) {
      REQUIRE(expansion.ids[i].text() == alone[i]);
      REQUIRE(expansion.trials[i].id() == alone[i]);
    }
  }
}

TEST_CASE("what does not fit is counted and refused before a trial is made") {
  const std::string suite = tests::tiny_suite();
  const auto problem = [&](const std::string& from, const std::string& to) {
    return refusal_of(swapped(suite, from, to));
  };
  CHECK_THAT(
      problem("seeds = 3", "seeds = 1000000000"),
      Contains("the suite has 4000000000 trials, of which experiment 'grid' has "
               "4000000000 (2 values of method, 2 values of optimizer.learning_rate, seeds = "
               "1000000000)") &&
          Contains("half of the memory of this machine"));
  CHECK_THAT(problem("seeds = 3", "seeds = 9223372036854775807"),
             Contains("the suite has more than"));
  std::string grid = suite;
  for (const char* axis : {"training.steps", "training.rows", "evaluation.rows"}) {
    std::string values;
    for (int i = 1; i <= 1000; ++i) values += fmt::format("{},", i);
    grid = swapped(grid, "[[question]]", fmt::format("\"{}\" = [{}]\n[[question]]", axis, values));
  }
  CHECK_THAT(refusal_of(grid), Contains("experiment 'grid' has 12000000000 ("));
  CHECK_THAT(refusal_of(with_search(
                 "configurations = 2000000000\nfields = [\"optimizer.learning_rate\"]\n")),
             Contains("search.configurations = 2000000000"));
  const Suite tiny = Suite::parse(suite, "s.toml");
  const double needed = harness::planning_bytes(tiny.experiments.front());
  CHECK(needed > 12 * harness::kTrialBytes);
  CHECK(refusal_of(tiny, needed).empty());
  CHECK_THAT(refusal_of(tiny, 0.99 * needed),
             Contains("--memory") && Contains("enough for about 11 trials"));
}

TEST_CASE("a search field that no trial has is refused once, with its place and the nearest name") {
  CHECK(refusal_of(with_search("configurations = 3\nfields = [\"optimizer.learnin_rate\"]\n"))
            .rfind("s.toml:17:11: search field 'optimizer.learnin_rate' of experiment 'grid' is "
                   "not an option of any of its trials; did you mean 'optimizer.learning_rate'?",
                   0) == 0);
  const std::string two = refusal_of(
      with_search("configurations = 3\nfields = [\"model.width\", \"method.penalty_wieght\"]\n"));
  CHECK(two.rfind("s.toml:17:26: search field 'method.penalty_wieght'", 0) == 0);
  CHECK_THAT(two, Contains("did you mean 'method.penalty_weight'?"));
  CHECK(two.find('\n') == std::string::npos);
  // Some trials have it: the others keep theirs.
  CHECK(refusal_of(with_search("configurations = 3\nfields = [\"method.penalty_weight\"]\n"))
            .empty());
  CHECK_THAT(refusal_of(with_search("configurations = 3\nfields = [\"model.name\"]\n")),
             Contains("'model.name' of experiment 'grid' is not an option of any of its trials"));
}

TEST_CASE("a draw is a function of base seed, number and field alone") {
  Suite suite = Suite::parse(
      with_search(
          "configurations = 3\nfields = [\"optimizer.weight_decay\", \"method.penalty_weight\"]\n"),
      "s.toml");
  suite.base_seed = 11;
  const auto value = [&](const TrialSpec& trial, const char* path, const Search& search) {
    const RandomKey key = RandomKey(11)
                              .child("search")
                              .child(static_cast<std::uint64_t>(trial.config_index))
                              .child(path);
    return search.draw(key);
  };
  const Catalog catalog = builtin_catalog();
  const AnySchema optimizer = AnySchema::of(OptimizerOptions::schema());
  const AnySchema& irm = catalog.methods.at("irm_v1").schema;
  const auto trials = suite.trials(catalog);
  CHECK(trials.size() == 36);
  for (const TrialSpec& trial : trials) {
    CHECK(*trial.optimizer.find("weight_decay") ==
          value(trial, "optimizer.weight_decay", optimizer.find("weight_decay")->search));
    if (trial.method.name != "irm_v1") continue;
    CHECK(*trial.method.options.find("penalty_weight") ==
          value(trial, "method.penalty_weight", irm.find("penalty_weight")->search));
  }
}

TEST_CASE("a section stands for its options that have a distribution and are not set") {
  const Catalog catalog = builtin_catalog();
  const std::string search = "configurations = 3\nfields = [\"method\"]\n";
  // The suite sets anneal_steps of irm_v1.
  const std::string named =
      "configurations = 3\nfields = [\"method.penalty_weight\", "
      "\"method.l2\"]\n";
  const auto whole = Suite::parse(with_search(search), "s.toml").trials(catalog);
  const auto listed = Suite::parse(with_search(named), "s.toml").trials(catalog);
  REQUIRE(whole.size() == listed.size());
  for (std::size_t i = 0; i < whole.size(); ++i) CHECK(whole[i].id() == listed[i].id());
  const std::string range =
      "[experiment.search.ranges]\n\"method.penalty_weight\" = { choice = "
      "[5.0] }\n";
  for (const TrialSpec& trial :
       Suite::parse(with_search(search + range), "s.toml").trials(catalog)) {
    const Value* weight = trial.method.options.find("penalty_weight");
    if (weight != nullptr) CHECK(weight->as_number() == 5.0);
  }
  CHECK_THAT(refusal_of(with_search("configurations = 3\nfields = [\"evaluation\"]\n")),
             Contains("this section has no option with a search distribution"));
}

TEST_CASE("another method or another field changes nobody's draws") {
  const Catalog catalog = builtin_catalog();
  const auto draws = [&](const std::string& methods, const std::string& fields) {
    const std::string text = R"toml(
name = "s"
seeds = 2
[[experiment]]
name = "e"
environment = { name = "two_bit" }
model = { name = "linear" }
regime = { name = "offline" }
[experiment.grid]
method = [)toml" + methods + "]\n[experiment.search]\nconfigurations = 4\nfields = [" +
                             fields + "]\n";
    std::map<std::string, std::string> values;  // by method, sample, seed and field
    for (const TrialSpec& trial : Suite::parse(text, "s.toml").trials(catalog)) {
      const auto keep = [&](const char* field, const Value* value) {
        if (value == nullptr) return;
        const std::string key =
            fmt::format("{} {} {} {}", trial.method.name, trial.config_index, trial.seed, field);
        values[key] = value->canonical_json();
      };
      keep("learning_rate", trial.optimizer.find("learning_rate"));
      keep("penalty_weight", trial.method.options.find("penalty_weight"));
    }
    return values;
  };
  const std::string rate = "\"optimizer.learning_rate\", \"method.penalty_weight\"";
  const auto few = draws("{ name = \"v_rex\" }", rate);
  const auto more = draws("{ name = \"erm\" }, { name = \"v_rex\" }, { name = \"irm_v1\" }",
                          "\"method.anneal_steps\", " + rate + ", \"optimizer.weight_decay\"");
  CHECK(few.size() == 16);
  for (const auto& [key, value] : few) {
    CAPTURE(key);
    CHECK(more.at(key) == value);
  }
  // Methods share the draws of a shared field.
  CHECK(more.at("erm 3 0 learning_rate") == more.at("v_rex 3 1 learning_rate"));
}

TEST_CASE("a grid has the budget of a random search, evenly spaced in each distribution") {
  const Catalog catalog = builtin_catalog();
  const std::string search = R"(configurations = 6
strategy = "grid"
fields = ["model.width", "method.penalty_weight"]
[experiment.search.ranges]
"model.width" = { choice = [4, 8, 16, 32, 64, 128] }
"method.penalty_weight" = { log_uniform = [1.0, 100.0] }
)";
  const Suite suite = Suite::parse(with_search(search), "s.toml");
  CHECK(Suite::parse(suite.to_toml(), "s.toml").experiments.front().search_strategy ==
        SearchStrategy::grid);
  std::map<std::string, std::set<std::pair<std::int64_t, double>>> settings;
  std::map<std::string, std::int64_t> trials;
  for (const TrialSpec& trial : suite.trials(catalog)) {
    const Value* penalty = trial.method.options.find("penalty_weight");
    settings[trial.method.name].insert({trial.model.options.find("width")->as_integer(),
                                        penalty == nullptr ? 0.0 : penalty->as_number()});
    ++trials[trial.method.name];
  }
  // erm has one of the fields: six widths. irm_v1 has both: three widths, two weights.
  CHECK(trials.at("erm") == trials.at("irm_v1"));
  CHECK(settings.at("erm").size() == 6);
  REQUIRE(settings.at("irm_v1").size() == 6);
  std::set<std::int64_t> widths;
  std::set<double> weights;
  for (const auto& [width, weight] : settings.at("irm_v1")) {
    widths.insert(width);
    weights.insert(weight);
  }
  CHECK(widths == std::set<std::int64_t>{8, 32, 128});
  REQUIRE(weights.size() == 2);
  CHECK(*weights.begin() == Approx(std::pow(10.0, 0.5)));
  CHECK(*weights.rbegin() == Approx(std::pow(10.0, 1.5)));
}

TEST_CASE("a search without a grid of its size is refused with the sizes that have one") {
  const std::string fields =
      "strategy = \"grid\"\nfields = [\"model.width\", \"method.penalty_weight\"]\n";
  CHECK_THAT(refusal_of(with_search("configurations = 7\n" + fields)),
             Contains("has no grid of 7 configurations over the fields of irm_v1 (model.width, "
                      "method.penalty_weight)") &&
                 Contains("there is one of 6 or 8"));
  CHECK_THAT(refusal_of(with_search("configurations = 8\n" + fields +
                                    "[experiment.search.values]\n\"model.width\" = "
                                    "[1, 2, 3, 4, 5, 6, 7, 8]\n")),
             Contains("has listed values, but the strategy is \"grid\""));
  CHECK_THROWS_WITH(
      Suite::parse(with_search("configurations = 8\nstrategy = \"girds\"\nfields = []\n"),
                   "s.toml"),
      Contains("s.toml:17:") && Contains("expects one of: random, grid"));
}

TEST_CASE("a search whose draws would be the same trial is refused") {
  CHECK_THAT(
      refusal_of(with_search("configurations = 3\n")),
      Contains(
          "the search of experiment 'grid' has no fields, so its 3 configurations would be equal"));
  CHECK_THAT(
      refusal_of(with_search("configurations = 3\nfields = [\"model.width\", \"model.width\"]\n")),
      Contains("s.toml:17:26: search field 'model.width' of experiment 'grid' is named twice"));
  const std::string on_axis = "\"optimizer.learning_rate\"";
  CHECK_THAT(refusal_of(with_search("configurations = 3\nfields = [" + on_axis + "]\n")),
             Contains("is also an axis of the grid; remove it from one of the two"));
  CHECK_THAT(refusal_of(with_search("configurations = 3\nfields = [\"trainin\"]\n")),
             Contains("must be section.field"));
}

TEST_CASE("trials that a grid gives twice are refused") {
  const std::string suite = tests::tiny_suite();
  CHECK(refusal_of(swapped(suite, "[0.01, 0.1]", "[0.01, 0.1, 0.01]"))
            .rfind("s.toml:14:41: grid axis 'optimizer.learning_rate' of experiment 'grid' has the "
                   "value 0.01 twice",
                   0) == 0);
  CHECK_THAT(refusal_of(swapped(suite, "[0.01, 0.1]",
                                "[0.01, 0.1]\nmodel = [{ width = 5 }, { "
                                "depth = 1 }]")),
             Contains("the grid of experiment 'grid' gives 12 of its trials twice"));
}

TEST_CASE("suites made by a program are checked like those of a file") {
  Suite suite = Suite::parse(tests::tiny_suite(), "s.toml");
  Experiment& experiment = suite.experiments.front();
  experiment.seeds = 0;
  CHECK(refusal_of(suite) == "experiment 'grid': seeds must be >= 1, got 0");
  experiment.seeds = 1;
  experiment.configurations = 2;
  experiment.search_fields = {"model.width"};
  experiment.search_values["model.width"] = Value::List{5};
  CHECK_THAT(refusal_of(suite),
             Contains("must have a list of 2 values, one for each configuration"));
  experiment.search_values.clear();
  experiment.search_ranges["model.depth"] = uniform_integer(1, 2);
  CHECK_THAT(refusal_of(suite), Contains("'model.depth' of experiment 'grid' has a range but is "
                                         "not searched"));
}

TEST_CASE("trials that would measure without bound are refused with what would do") {
  const Catalog catalog = builtin_catalog();
  const auto problem = [&](const std::string& text) { return tests::fit_problem(text, catalog); };
  std::string suite = swapped(tests::tiny_suite(), "steps = 7", "steps = 1000000000");
  CHECK(problem(suite).empty());
  suite = swapped(suite, "rows = 101", "every = 1, rows = 101");
  const std::string told = problem(suite);
  CHECK(told.rfind("s.toml:9:24: experiment 'grid': evaluation.every = 1 evaluates a trial of "
                   "1000000000 updates about 1e+09 times",
                   0) == 0);
  CHECK(told.find('\n') == std::string::npos);
  const auto at = told.rfind(" to ");
  REQUIRE(at != std::string::npos);
  const std::string enough = told.substr(at + 4, told.find(' ', at + 4) - at - 4);
  CHECK(problem(swapped(suite, "every = 1,", "every = " + enough + ",")).empty());
}
