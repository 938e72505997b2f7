#include <fmt/format.h>

#include "catch.hpp"
#include "spurion/analysis/answer.hpp"
#include "spurion/error.hpp"

using namespace spurion;

namespace {

/// Answers one question of kind 'trend' about made-up trials: worst-group accuracy by method,
/// width, rows and seed.
analysis::Answer ask(const std::string& keys, std::int64_t seeds,
                     double (*worst)(const std::string&, double, double, double)) {
  StoredResults results;
  results.context["suite"] =
      "name = \"s\"\n[[experiment]]\nname = \"e\"\n[[question]]\n"
      "text = \"?\"\nkind = \"trend\"\nexperiment = \"e\"\n" +
      keys;
  for (std::int64_t seed = 0; seed < seeds; ++seed) {
    for (const std::string method : {"erm", "reweighted_erm"}) {
      for (const std::int64_t width : {10, 100, 1000}) {
        for (const std::int64_t rows : {50, 60}) {
          TrialResult trial;
          trial.spec.experiment = "e";
          trial.spec.environment = {"world", Value()};
          trial.spec.model = {"mlp", Value::Table{{"width", width}}};
          trial.spec.method = {method, Value()};
          trial.spec.regime = {"offline", Value()};
          trial.spec.training = Value::Table{{"rows", rows}};
          trial.spec.optimizer = trial.spec.evaluation = Value();
          trial.spec.seed = seed;
          const double value = worst(method, static_cast<double>(width), static_cast<double>(rows),
                                     static_cast<double>(seed));
          trial.measurements = {{0, 9, "test", 0.5, "accuracy", 0.7},
                                {0, 9, "test", 0.5, "worst_group_accuracy", value}};
          results.trials.push_back(std::move(trial));
        }
      }
    }
  }
  return analysis::answer_all(results).front();
}

/// Falls with width under reweighting, each seed in its own measure; stays under ERM.
double falls(const std::string& method, double width, double rows, double seed) {
  if (method == "erm") return 0.2 + 0.001 * seed;
  return 0.9 - 0.0001 * width * (1.0 + 0.1 * seed) - 0.001 * rows;
}

double noise(const std::string&, double width, double rows, double seed) {
  return 0.5 + (static_cast<std::int64_t>(seed) % 2 == 0 ? 1e-4 : -1e-4) * width + 0.001 * rows;
}

std::vector<std::string> row_of(const analysis::Answer& answer, std::size_t row) {
  std::vector<std::string> texts;
  for (const auto& cell : answer.tables.front().rows.at(row)) texts.push_back(text_of(cell));
  return texts;
}

}  // namespace

TEST_CASE("a trend that holds on every seed holds, its opposite is refuted") {
  const analysis::Answer rises =
      ask("axis = \"model.width\"\nclaim = \"rises\"\nmethod = \"reweighted_erm\"\n", 8, falls);
  REQUIRE(rises.tables.front().rows.size() == 1);
  // Mean of 0.099 (1 + 0.1 s) over seeds 0 .. 7: 0.13365; eight pairs give p = 2 / 256.
  CHECK(row_of(rises, 0).at(1) == "10");
  CHECK(row_of(rises, 0).at(3) == "1000");
  CHECK(row_of(rises, 0).at(5).substr(0, 5) == "0.134");
  CHECK(row_of(rises, 0).at(6) == "< .0001");
  CHECK(row_of(rises, 0).at(7) == "0.0078");
  CHECK(row_of(rises, 0).at(8) == "1.00 [1.00, 1.00]");
  CHECK(row_of(rises, 0).back() == "holds");
  CHECK(rises.sentence.find("Yes. Under reweighted_erm the worst group error in 'test'") == 0);
  const analysis::Answer opposite =
      ask("axis = \"model.width\"\nclaim = \"falls\"\nmethod = \"reweighted_erm\"\n", 8, falls);
  CHECK(row_of(opposite, 0).back() == "refuted");
  CHECK(opposite.sentence.find("No. ") == 0);
}

TEST_CASE("a metric that is stored is taken as it is, and each method is told apart") {
  const analysis::Answer answer = ask(
      "axis = \"model.width\"\nclaim = \"falls\"\nmetric = \"worst_group_accuracy\"\n", 8, falls);
  REQUIRE(answer.tables.front().rows.size() == 2);
  CHECK(row_of(answer, 0).front() == "erm");
  // Nothing changes: neither way, on no seed.
  CHECK(row_of(answer, 0).at(6) == "1.0000");
  CHECK(row_of(answer, 0).back() == "undecided");
  CHECK(row_of(answer, 1).back() == "holds");
  REQUIRE(answer.charts.front().series.size() == 2);
  CHECK(answer.charts.front().log_x);
}

TEST_CASE("noise, one seed and a margin out of reach decide nothing or refute") {
  CHECK(row_of(ask("axis = \"model.width\"\nclaim = \"rises\"\n", 8, noise), 0).back() ==
        "undecided");
  // Sign flips of five pairs cannot give less than 2 / 32: the t test decides, and it is said.
  const std::string reweighted =
      "axis = \"model.width\"\nclaim = \"rises\"\nmethod = \"reweighted_erm\"\n";
  const analysis::Answer five = ask(reweighted, 5, falls);
  CHECK(row_of(five, 0).back() == "holds");
  CHECK(five.sentence.find("Yes. ") == 0);
  CHECK(
      five.sentence.find(". 5 seeds are too few for the sign-flip test (its p is at least 0.0625), "
                         "so the paired t test alone decides.") != std::string::npos);
  CHECK(row_of(ask(reweighted, 1, falls), 0).back() == "undecided");
  CHECK(row_of(ask(reweighted + "margin = 0.05\n", 8, falls), 0).back() == "holds");
  CHECK(row_of(ask(reweighted + "margin = 0.5\n", 8, falls), 0).back() == "refuted");
}

TEST_CASE("a part of the axis, and of the trials") {
  const std::string keys =
      "axis = \"model.width\"\nclaim = \"rises\"\nmethod = \"reweighted_erm\"\n";
  const analysis::Answer part = ask(keys + "from = 50\n", 8, falls);
  CHECK(row_of(part, 0).at(1) == "100");
  const analysis::Answer some = ask(keys + "where = { \"training.rows\" = 50 }\n", 8, falls);
  CHECK(row_of(some, 0).at(2).substr(0, 5) == "0.151");
  CHECK(part.charts.front().name != some.charts.front().name);
  CHECK(ask(keys + "from = 5000\n", 8, falls)
            .sentence.find("No trial of the question that is done") == 0);
}

TEST_CASE("questions about trends say what they lack") {
  CHECK_THROWS_WITH(ask("claim = \"rises\"\n", 2, falls), Catch::Contains("axis"));
  CHECK_THROWS_WITH(ask("axis = \"model.width\"\nclaim = \"grows\"\n", 2, falls),
                    Catch::Contains("must be one of: rises, falls, got 'grows'"));
  CHECK_THROWS_AS(ask("axis = \"model.width\"\nclaim = \"rises\"\nwhere = 3\n", 2, falls),
                  UsageError);
}
