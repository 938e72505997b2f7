#include <set>

#include "catch.hpp"
#include "harness/plan/expansion.hpp"
#include "harness/run/run_plan.hpp"
#include "spurion/error.hpp"
#include "spurion/report.hpp"
#include "spurion/run.hpp"
#include "temporary_folder.hpp"
#include "unit/harness/test_suites.hpp"

using namespace spurion;
using Catch::Contains;

namespace {

void check_same(const Suite& first, const Suite& second, const Catalog& catalog) {
  CHECK(second.name == first.name);
  CHECK(second.title == first.title);
  CHECK(second.plugins == first.plugins);
  const harness::Expansion a = harness::expand(first, catalog, 0.0);
  const harness::Expansion b = harness::expand(second, catalog, 0.0);
  REQUIRE((a.ids == b.ids));
  for (std::size_t i = 0; i < a.trials.size(); ++i) {
    REQUIRE(a.trials[i].experiment == b.trials[i].experiment);
  }
  REQUIRE(first.questions.size() == second.questions.size());
  for (std::size_t i = 0; i < first.questions.size(); ++i) {
    CHECK(first.questions[i].text == second.questions[i].text);
    CHECK(first.questions[i].kind == second.questions[i].kind);
    CHECK(first.questions[i].experiment == second.questions[i].experiment);
    CHECK(first.questions[i].options == second.questions[i].options);
  }
}

/// The tiny suite as a program makes it.
Suite made_by_a_program() {
  Suite suite;
  suite.name = "made";
  suite.title = "\"Quotes\", a \\ and\na line; gr\u00f6\u00dfer \x7f";
  suite.base_seed = 5;
  Experiment experiment;
  experiment.name = "grid";
  experiment.seeds = 2;
  experiment.sections =
      Value::Table{{"environment", Value::Table{{"name", "two_bit"}}},
                   {"model", Value::Table{{"name", "linear"}}},
                   {"regime", Value::Table{{"name", "offline"}}},
                   {"training", Value::Table{{"steps", 3}, {"rows", 20}, {"batch", 10}}},
                   {"evaluation", Value::Table{{"rows", 50}, {"training_rows", 0}}}};
  experiment.grid = Value::Table{
      {"method", Value::List{Value::Table{{"name", "erm"}},
                             Value::Table{{"name", "irm_v1"}, {"penalty_weight", 1e3}}}}};
  experiment.configurations = 2;
  experiment.search_fields = {"optimizer.learning_rate", "method.l2"};
  experiment.search_ranges["optimizer.learning_rate"] = log_uniform(1e-4, 1.0 / 3.0);
  experiment.search_values["method.l2"] = Value::List{0.0, 1e-20};
  suite.experiments = {experiment};
  suite.questions = {{"Which is better?", "compare_methods", "grid", {}}};
  return suite;
}

}  // namespace

TEST_CASE("the text of a suite gives its trials and questions again") {
  const Catalog catalog = builtin_catalog();
  for (const std::string& name : suite_names()) {
    CAPTURE(name);
    const Suite suite = Suite::load(name);
    CHECK(suite.stored_text() == suite.text);
    const Suite again = Suite::parse(suite.to_toml(), "again.toml");
    CHECK(again.to_toml() == suite.to_toml());
    check_same(suite, again, catalog);
  }
}

TEST_CASE("a suite made by a program has a text, with which its store can be reported") {
  const Catalog catalog = builtin_catalog();
  const Suite suite = made_by_a_program();
  CHECK(suite.stored_text() == suite.to_toml());
  const Suite again = Suite::parse(suite.to_toml(), "again.toml");
  CHECK(again.title == suite.title);
  CHECK((harness::expand(again, catalog, 0.0).ids == harness::expand(suite, catalog, 0.0).ids));
  CHECK(again.experiments.front().search_ranges.begin()->second.high == 1.0 / 3.0);

  const tests::TemporaryFolder folder;
  RunOptions options;
  options.out = folder.path();
  options.jobs = 1;
  CHECK(run_suite(suite, catalog, options).trials_total == 8);
  CHECK(read_results(folder.path()).context.at("suite") == suite.to_toml());
  CHECK_THAT(terminal_report(folder.path(), 80), Contains("Which is better?"));
}

TEST_CASE("the text of a suite that a program changed is that of what it runs") {
  Suite suite = Suite::parse(tests::tiny_suite(), "tiny.toml");
  CHECK(suite.stored_text() == tests::tiny_suite());
  suite.base_seed = 7;
  CHECK(suite.stored_text() != tests::tiny_suite());
  CHECK(Suite::parse(suite.stored_text(), "changed.toml").base_seed == 7);
}

TEST_CASE("a name that no file can have is refused before a suite made by a program runs") {
  Suite suite = made_by_a_program();
  suite.experiments.front().name = "a/b";
  const tests::TemporaryFolder folder;
  RunOptions options;
  options.out = folder.path() / "out";
  CHECK_THROWS_AS(run_suite(suite, builtin_catalog(), options), UsageError);
  CHECK_FALSE(std::filesystem::exists(options.out));
}

TEST_CASE("numbers that TOML knows and JSON does not are written as TOML") {
  Suite suite = made_by_a_program();
  suite.questions.front().options =
      Value::Table{{"a", std::numeric_limits<double>::infinity()}, {"b c", -1.5}, {"d", 2.0}};
  const std::string text = suite.to_toml();
  CHECK_THAT(text,
             Contains("\na = inf\n") && Contains("\n\"b c\" = -1.5\n") && Contains("\nd = 2.0\n"));
  const Value options = Suite::parse(text, "x").questions.front().options;
  CHECK(options.find("a")->as_number() == std::numeric_limits<double>::infinity());
  CHECK_FALSE(options.find("d")->is_integer());
}

TEST_CASE("the quick part of a suite is trials and questions of the whole suite") {
  const Catalog catalog = builtin_catalog();
  Suite suite = made_by_a_program();
  Experiment other = suite.experiments.front();
  other.name = "other";
  suite.experiments.push_back(other);
  suite.questions.push_back({"And there?", "compare_methods", "other", {}});
  CHECK(suite.quick_part().to_toml() == suite.to_toml());

  suite.quick = {1, {"grid"}};
  const Suite again = Suite::parse(suite.to_toml(), "again.toml");
  CHECK(again.quick.seeds == 1);
  const Suite part = again.quick_part();
  REQUIRE(part.questions.size() == 1);
  CHECK(part.questions.front().experiment == "grid");
  std::set<std::string> whole;
  for (const TrialSpec& trial : suite.trials(catalog)) whole.insert(trial.id());
  const auto trials = part.trials(catalog);
  CHECK(trials.size() == 4);  // of two seeds of two experiments one each
  for (const TrialSpec& trial : trials) CHECK(whole.count(trial.id()) == 1);

  suite.quick.experiments = {"gird"};
  CHECK_THROWS_WITH(Suite::parse(suite.to_toml(), "wrong.toml"),
                    Contains("unknown experiment 'gird'; did you mean 'grid'?"));
}
