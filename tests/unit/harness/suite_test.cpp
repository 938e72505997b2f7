#include "spurion/suite.hpp"

#include <fmt/format.h>

#include <map>
#include <set>
#include <sstream>
#include <string>

#include "catch.hpp"
#include "spurion/error.hpp"
#include "unit/harness/test_suites.hpp"

using namespace spurion;

namespace {

std::string problem_of(const std::string& text) {
  try {
    (void)Suite::parse(text, "s.toml").trials(builtin_catalog());
  } catch (const UsageError& error) {
    return error.what();
  }
  return "";
}

}  // namespace

TEST_CASE("a suite expands to the product of its axes, each trial with an identity of its own") {
  const Catalog catalog = builtin_catalog();
  const auto trials = Suite::parse(tests::tiny_suite(), "s.toml").trials(catalog);
  REQUIRE(trials.size() == 12);
  std::set<std::string> ids;
  for (const TrialSpec& trial : trials) {
    ids.insert(trial.id());
    CHECK(TrialSpec::from_canonical(parse_json(trial.canonical().canonical_json(), "x")).id() ==
          trial.id());
  }
  CHECK(ids.size() == 12);
  CHECK(trials[0].optimizer.find("learning_rate")->as_number() == 0.01);
  CHECK(trials[0].training.find("steps")->as_integer() == 7);
  CHECK(trials[0].method.options.find("l2") != nullptr);
}

TEST_CASE("the identity of a trial is the hash of its canonical form") {
  auto trial = Suite::parse(tests::tiny_suite(), "s.toml").trials(builtin_catalog()).front();
  const std::string id = trial.id();
  CHECK(id.size() == 32);
  trial.experiment = "another";
  CHECK(trial.id() == id);
  trial.seed = 99;
  CHECK(trial.id() != id);
}

TEST_CASE("bad suites are refused with file, line and nearest name") {
  const std::string suite = tests::tiny_suite();
  CHECK(problem_of(tests::replaced(suite, "name = \"two_bit\"", "name = \"twobit\""))
            .rfind("s.toml:5:24: unknown environment 'twobit'; did you mean 'two_bit'?", 0) == 0);
  CHECK(problem_of(tests::replaced(suite, "width = 5", "widht = 5"))
            .rfind("s.toml:6:33: unknown option 'widht' of mlp; did you mean 'width'?", 0) == 0);
  CHECK(problem_of(tests::replaced(suite, "steps = 7", "steps = -7")) ==
        "s.toml:8:22: 'steps' of training must be in [0, 1000000000000], got -7");
  CHECK(problem_of(tests::replaced(suite, "seeds = 3", "sedes = 3"))
            .rfind("s.toml:3:9: unknown key 'sedes' in the suite; did you mean 'seeds'?", 0) == 0);
  CHECK(problem_of(tests::replaced(suite, "experiment = \"grid\"", "experiment = \"gird\""))
            .rfind("s.toml:18:14: unknown experiment 'gird'; did you mean 'grid'?", 0) == 0);
  CHECK(
      problem_of(tests::replaced(suite, "= [0.01, 0.1]", "= 0.01"))
          .rfind("s.toml:14:29: grid axis 'optimizer.learning_rate' of experiment 'grid' expects a "
                 "list of values, got number",
                 0) == 0);
  CHECK(problem_of("name = \"x\"\n") == "s.toml: the suite has no [[experiment]]");
}

TEST_CASE("an axis that cannot be read is one problem, not two") {
  const std::string suite = tests::tiny_suite();
  const std::string methods = "[{ name = \"erm\" }, { name = \"irm_v1\", anneal_steps = 3 }]";
  const std::string names = problem_of(tests::replaced(suite, methods, "[\"erm\", \"vrex\"]"));
  CHECK_THAT(names,
             Catch::Contains("grid axis 'method' expects tables: write method = [{ name = \"erm\" "
                             "}, { name = \"vrex\" }]") &&
                 Catch::Contains("unknown method 'vrex'; did you mean 'v_rex'?"));
  CHECK_THAT(problem_of(tests::replaced(suite, methods, "[{ name = \"of_my_own_lab\" }]")),
             Catch::Contains("If a plug-in has it, load the plug-in (--plugin FILE)"));
  for (const char* axis : {"method = [1, 2]", "metod = [{ name = \"erm\" }]", "method = []"}) {
    const std::string said = problem_of(tests::replaced(suite, "method = " + methods, axis));
    CAPTURE(said);
    CHECK_FALSE(said.empty());
    CHECK_THAT(said, !Catch::Contains("names no method"));
  }
}

TEST_CASE("names of suites and experiments are parts of names of files") {
  const std::string suite = tests::tiny_suite();
  for (const char* name : {"a/b", "..", ".hidden", "a b", "", "a\\u0007b", "gr\u00f6\u00dfe"}) {
    const std::string own = fmt::format("name = \"{}\"", name);
    CAPTURE(name);
    CHECK(problem_of(tests::replaced(suite, "name = \"grid\"", own))
              .rfind("s.toml:11:8: 'name' of [[experiment]] expects a name of at most 100 letters, "
                     "digits, '_', '-', '+' and '.'",
                     0) == 0);
    CHECK(problem_of(tests::replaced(suite, "name = \"tiny\"", own))
              .rfind("s.toml:2:8: 'name' of the ", 0) == 0);
  }
  CHECK(problem_of(tests::replaced(suite, "name = \"tiny\"",
                                   "name = \"" + std::string(101, 'a') + '"')) != "");
  CHECK(problem_of(tests::replaced(suite, "name = \"tiny\"", "name = \"v1.2-b_3+x\"")) == "");
}

TEST_CASE(
    "parts of a trial that do not fit each other are refused with their experiment and line") {
  const Catalog catalog = builtin_catalog();
  const auto problem = [&](const std::string& text) { return tests::fit_problem(text, catalog); };
  const std::string suite = tests::tiny_suite();
  CHECK(problem(suite) == "");
  // In a section, on an axis of fields, and on one of whole sections.
  CHECK_THAT(problem(tests::replaced(suite, "{ name = \"mlp\", width = 5, depth = 1 }",
                                     "{ name = \"cnn\" }")),
             Catch::StartsWith("s.toml:6:18: experiment 'grid': ") && Catch::Contains("cnn"));
  const std::string table =
      tests::replaced(suite, "{ name = \"two_bit\" }", "{ name = \"table\" }");
  CHECK_THAT(problem(tests::replaced(table, "rows = 33", "rows = 50000")),
             Catch::StartsWith("s.toml:8:32: experiment 'grid': training.rows = 50000 is more than "
                               "the ") &&
                 Catch::Contains("training rows that table has in domain 'train_0' with seed 0"));
  CHECK_THAT(problem(tests::replaced(table, "\"optimizer.learning_rate\" = [0.01, 0.1]",
                                     "\"training.rows\" = [10, 60000]")),
             Catch::StartsWith("s.toml:14:24: experiment 'grid': training.rows = 60000"));
  CHECK_THAT(problem(tests::replaced(suite, "\"optimizer.learning_rate\" = [0.01, 0.1]",
                                     "model = [{ name = \"linear\" }, { name = \"cnn\" }]")),
             Catch::StartsWith("s.toml:14:40: experiment 'grid': "));
  CHECK_THAT(
      problem(tests::replaced(suite, "regime = { name = \"offline\" }",
                              "regime = { name = \"online\", trajectory = \"replacement\" }")),
      Catch::StartsWith("s.toml:7:19: experiment 'grid': "));
  // A stream that its training has no rows, no steps or no labels for.
  const auto under = [](const std::string& text, const std::string& regime) {
    return tests::replaced(text, "regime = { name = \"offline\" }", "regime = " + regime);
  };
  CHECK_THAT(problem(tests::replaced(under(table, "{ name = \"online\", phases = [0.9] }"),
                                     "steps = 7", "steps = 4000")),
             Catch::StartsWith("s.toml:7:19: experiment 'grid': the stream needs "));
  CHECK_THAT(
      problem(under(suite, "{ name = \"continual\", trajectory = \"fixed\", phase_count = 8 }")),
      Catch::Contains("none of the 7 steps: raise training.steps"));
  CHECK_THAT(problem(under(suite, "{ name = \"online\", label_delay = 100 }")),
             Catch::Contains("so no label would arrive before its end"));
}

TEST_CASE("many problems are told in one message") {
  std::string suite = tests::replaced(tests::tiny_suite(), "steps = 7", "steps = -7");
  suite = tests::replaced(suite, "width = 5", "width = 0");
  const std::string problem = problem_of(suite);
  CHECK(problem.find("'steps'") != std::string::npos);
  CHECK(problem.find("'width'") != std::string::npos);
}

TEST_CASE("a random search draws the same values for every seed and others for every draw") {
  const std::string suite = tests::replaced(tests::tiny_suite(), "[[question]]",
                                            "[experiment.search]\nconfigurations = 4\nfields = "
                                            "[\"method.penalty_weight\"]\n[[question]]");
  std::set<double> values;
  for (const TrialSpec& trial : Suite::parse(suite, "s.toml").trials(builtin_catalog())) {
    if (trial.method.name == "irm_v1") {
      values.insert(trial.method.options.find("penalty_weight")->as_number());
    }
  }
  CHECK(values.size() == 4);
}

TEST_CASE("an option that one method of the grid sets is drawn for the others") {
  const Suite suite = Suite::parse(R"(name = "s"
[[experiment]]
name = "e"
environment = { name = "two_bit" }
model = { name = "linear" }
regime = { name = "offline" }
training = { steps = 3, rows = 10 }
[experiment.grid]
method = [{ name = "irm_v1", anneal_steps = 1 }, { name = "v_rex" }]
[experiment.search]
configurations = 5
fields = ["method"]
[experiment.search.ranges]
"method.anneal_steps" = { uniform_integer = [1000, 9000] }
)",
                                   "s.toml");
  std::map<std::string, std::set<std::int64_t>> steps;
  for (const TrialSpec& trial : suite.trials(builtin_catalog())) {
    steps[trial.method.name].insert(trial.method.options.find("anneal_steps")->as_integer());
  }
  CHECK(steps["irm_v1"] == std::set<std::int64_t>{1});
  CHECK(steps["v_rex"].size() == 5);
  CHECK(*steps["v_rex"].begin() >= 1000);
}

TEST_CASE("a search takes listed values, one a draw, for every seed and in their order") {
  const std::string search =
      "[experiment.search]\nconfigurations = 2\nfields = [\"method.penalty_weight\"]\n";
  const auto with = [&](const std::string& rest) {
    return tests::replaced(tests::tiny_suite(), "[[question]]", search + rest + "[[question]]");
  };
  const std::string listed =
      with("[experiment.search.values]\n\"method.penalty_weight\" = [3.5, 70.0]\n");
  std::map<std::int64_t, std::set<double>> values;
  for (const TrialSpec& trial : Suite::parse(listed, "s.toml").trials(builtin_catalog())) {
    if (trial.method.name == "irm_v1") {
      values[trial.config_index].insert(trial.method.options.find("penalty_weight")->as_number());
    }
  }
  CHECK(values == std::map<std::int64_t, std::set<double>>{{0, {3.5}}, {1, {70.0}}});

  CHECK(problem_of(with("[experiment.search.values]\n\"method.penalty_weight\" = [3.5]\n"))
            .find("a list of 2, one for each configuration") != std::string::npos);
  CHECK(problem_of(with("[experiment.search.values]\n\"method.penalty_wieght\" = [3.5, 70.0]\n"))
            .find("did you mean 'method.penalty_weight'") != std::string::npos);
  CHECK(problem_of(with("[experiment.search.values]\n\"method.penalty_weight\" = [3.5, -1.0]\n"))
            .find("'penalty_weight'") != std::string::npos);
  CHECK(problem_of(with("[experiment.search.ranges]\n"
                        "\"method.penalty_weight\" = { log_uniform = [1.0, 10.0] }\n"
                        "[experiment.search.values]\n\"method.penalty_weight\" = [3.5, 70.0]\n"))
            .find("both a range and values") != std::string::npos);
}

TEST_CASE("a component of another name drops the options of the default") {
  const std::string suite = tests::replaced(tests::tiny_suite(), "name = \"grid\"\n",
                                            "name = \"grid\"\nmodel = { name = \"linear\" }\n");
  const auto trials = Suite::parse(suite, "s.toml").trials(builtin_catalog());
  CHECK(trials.front().model.name == "linear");
  CHECK(trials.front().model.options.find("width") == nullptr);
}

TEST_CASE("every suite that comes with spurion expands") {
  const Catalog catalog = builtin_catalog();
  for (const std::string& name : suite_names()) {
    CAPTURE(name);
    CHECK_FALSE(Suite::load(name).trials(catalog).empty());
  }
}

TEST_CASE("methods_overview has each offline method, or says why it leaves a method out") {
  const Suite suite = Suite::load("methods_overview");
  std::set<std::string> known;
  for (const Value& method : suite.experiments.front().grid.find("method")->as_list()) {
    CAPTURE(method.find("name")->as_string());
    CHECK(known.insert(method.find("name")->as_string()).second);
  }
  // "# Left out because ...:" and below it lines of names, each behind "#   ".
  std::istringstream text(suite.text);
  const std::string names = "#   ";
  for (std::string line; std::getline(text, line);) {
    if (line.compare(0, names.size(), names) != 0) continue;
    std::istringstream words(line.substr(names.size()));
    for (std::string name; words >> name;) {
      CAPTURE(name);
      CHECK(known.insert(name).second);
    }
  }
  const Catalog catalog = builtin_catalog();
  for (const std::string& name : catalog.methods.names()) {
    CAPTURE(name);
    CHECK(known.count(name) == 1);
  }
  CHECK(known.size() == catalog.methods.names().size());
}
