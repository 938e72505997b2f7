// The keys that all kinds of questions have: which trials an answer is about.
#include <fmt/format.h>

#include "spurion/error.hpp"
#include "spurion/question.hpp"
#include "unit/analysis/planted.hpp"

using namespace spurion;
using namespace spurion::tests;
using Catch::Contains;

namespace {

/// Two methods at two widths on four seeds: wider models do better out of distribution.
PlantedTrials planted() {
  PlantedTrials trials;
  for (std::int64_t seed = 0; seed < 4; ++seed) {
    const double noise = 0.002 * static_cast<double>(seed);
    for (const std::string method : {"erm", "irm_v1"}) {
      for (const std::int64_t width : {16, 64}) {
        const double ood = (method == "erm" ? 0.3 : 0.5) + (width == 64 ? 0.2 : 0.0) + noise;
        trials.add(method, seed, 0.8, ood).spec.model.options = Value::Table{{"width", width}};
      }
    }
  }
  return trials;
}

/// A kind as a plug-in has it: counts trials.
struct CountOptions {
  std::string unit = "trials";
};
class CountTrials final : public Question {
 public:
  using Options = CountOptions;
  static const Schema<Options>& schema() {
    static const auto built =
        Schema<Options>().field("unit", &Options::unit, "What the sentence calls them.");
    return built;
  }
  explicit CountTrials(Options options) : options_(std::move(options)) {}
  [[nodiscard]] analysis::Answer answer(const analysis::Study& study,
                                        const std::string& experiment) const override {
    analysis::Answer answer;
    answer.sentence = fmt::format("{} {}.", study.trials(experiment).size(), options_.unit);
    analysis::Table table{"counts", "How many.", {{"count", analysis::ColumnKind::count}}};
    table.add({static_cast<std::int64_t>(study.trials(experiment).size())});
    answer.tables.push_back(std::move(table));
    analysis::Chart chart;
    chart.name = "counts";
    chart.title = "Counts";
    answer.charts.push_back(std::move(chart));
    return answer;
  }

 private:
  Options options_;
};

StoredResults stored(PlantedTrials trials, const std::string& keys) {
  StoredResults results;
  results.context["suite"] =
      "name = \"s\"\n[[experiment]]\nname = \"e\"\n[[question]]\ntext = \"?\"\nexperiment = "
      "\"e\"\n" +
      keys;
  results.trials = trials.all();
  return results;
}

analysis::Answer count(const std::string& keys) {
  QuestionKinds kinds = builtin_questions();
  kinds.add<CountTrials>("count_trials", "How many trials are there?", "-");
  return analysis::answer_all(stored(planted(), "kind = \"count_trials\"\n" + keys), kinds).front();
}

}  // namespace

TEST_CASE("where keeps the trials that have its values, whatever the kind") {
  CHECK(count("").sentence == "16 trials.");
  CHECK(count("unit = \"things\"\n").sentence == "16 things.");
  const analysis::Answer some = count("where = { \"model.width\" = 16, method = \"erm\" }\n");
  CHECK(some.sentence == "4 trials.");
  CHECK(some.tables.front().caption ==
        "How many. Only trials with method = erm and model.width = "
        "16.");
  CHECK(some.tables.front().name != count("where = { method = \"erm\" }\n").tables.front().name);
  // 16.0 is 16.
  CHECK(count("where = { \"model.width\" = 16.0 }\n").sentence == "8 trials.");
}

TEST_CASE("by answers once a value: one table with a column of values, a chart each") {
  const analysis::Answer answer = count("by = \"model.width\"\n");
  CHECK(answer.sentence == "model.width = 16: 8 trials.\nmodel.width = 64: 8 trials.");
  REQUIRE(answer.tables.size() == 1);
  CHECK(answer.tables.front().columns.front().title == "model.width");
  CHECK(answer.tables.front().columns.front().key == "by_model.width");
  REQUIRE(answer.tables.front().rows.size() == 2);
  CHECK(text_of(answer.tables.front().rows[1].front()) == "64");
  REQUIRE(answer.charts.size() == 2);
  CHECK(answer.charts[0].title == "Counts, model.width = 16");
  CHECK(answer.charts[0].name != answer.charts[1].name);
  CHECK(count("by = \"method\"\n").sentence ==
        "method = erm: 8 trials.\nmethod = irm_v1: 8 trials.");
  CHECK(count("by = \"method\"\nwhere = { method = \"erm\" }\n").sentence ==
        "method = erm: 8 trials.");
}

TEST_CASE("a selection keeps one hyper-parameter sample of each configuration") {
  PlantedTrials trials;
  for (std::int64_t seed = 0; seed < 3; ++seed) {
    for (const std::int64_t width : {16, 64}) {
      for (std::int64_t sample = 0; sample < 2; ++sample) {
        // Sample 1 is the better of the narrow model, sample 0 of the wide one.
        const bool better = (sample == 1) == (width == 16);
        TrialResult& trial = trials.add("erm", seed, 0.8, better ? 0.7 : 0.2);
        trial.spec.model.options = Value::Table{{"width", width}};
        trial.spec.config_index = sample;
        trial.measurements.push_back({0, 9, "validation", 0.0, "accuracy", better ? 0.9 : 0.85});
      }
    }
  }
  trials.add_unfinished("erm", 0, Status::diverged, "loss is not finite");
  trials.all().back().spec.model.options = Value::Table{{"width", 16}};
  trials.all().back().spec.config_index = 2;
  const analysis::Answer answer = trials.ask(
      "kind = \"compare_methods\"\nby = \"model.width\"\nselector = \"training_domain\"\n");
  REQUIRE(answer.tables.size() == 1);
  REQUIRE(answer.tables.front().rows.size() == 2);
  for (std::size_t row = 0; row < 2; ++row) {
    CHECK_THAT(text_of(answer.tables.front().cell(row, "OOD")), Contains("0.700"));
    CHECK(text_of(answer.tables.front().cell(row, "trials")) == "3");
  }
  CHECK_THAT(answer.tables.front().caption, Contains("on validation rows of the training domains"));
  CHECK_THAT(answer.sentence,
             Contains("Of 7 trials of samples that were not selected 1 diverged and 0 failed."));
  CHECK_THAT(
      trials.ask("kind = \"compare_methods\"\nselector = \"oracle\"\n").sentence,
      Contains("2 configurations have no sample with a score on validation rows on every seed"));
}

TEST_CASE("samples that were scored on different seeds are not compared") {
  PlantedTrials trials;
  for (std::int64_t seed = 0; seed < 2; ++seed) {
    for (std::int64_t sample = 0; sample < 2; ++sample) {
      TrialResult& trial = trials.add("erm", seed, 0.8, 0.7);
      trial.spec.config_index = sample;
      if (seed != sample) continue;
      trial.measurements.push_back({0, 9, "validation", 0.0, "accuracy", 0.8});
    }
  }
  CHECK_THAT(
      trials.ask("kind = \"compare_methods\"\nselector = \"training_domain\"\n").sentence,
      Contains("1 configuration has no sample with a score on validation rows on every seed"));
}

TEST_CASE("trials without the field that splits an answer are told") {
  PlantedTrials trials;
  trials.add("erm", 0, 0.8, 0.7);
  trials.add("irm_v1", 0, 0.8, 0.7).spec.model.options = Value::Table{{"width", 16}};
  CHECK_THAT(trials.ask("kind = \"compare_methods\"\nby = \"model.width\"\n").sentence,
             Contains("1 trial has no 'model.width' and is left out."));
}

TEST_CASE("every kind is asked about some trials") {
  const std::string claims = "axis = \"model.width\"\nclaim = \"rises\"\nmetric = \"accuracy\"\n";
  const std::string rows =
      "rows = [{ label = \"a\", domain = \"test\", metric = \"accuracy\", value = 0.3, spread = "
      "0.1, runs = 5 }]\n";
  const QuestionKinds kinds = builtin_questions();
  for (const std::string& kind : kinds.names()) {
    CAPTURE(kind);
    std::string keys = "kind = \"" + kind + "\"\n";
    const AnySchema& schema = kinds.at(kind).schema;
    if (schema.find("rows") != nullptr) keys += rows;
    if (schema.find("proxy") != nullptr) keys += "proxy = \"accuracy\"\n";
    if (schema.find("claim") != nullptr) {
      keys += claims;
    } else if (const FieldInfo* axis = schema.find("axis"); axis != nullptr && axis->required) {
      keys += "axis = \"model.width\"\n";
    }
    if (schema.find("second_axis") != nullptr) keys += "second_axis = \"training.rows\"\n";
    PlantedTrials trials = planted();
    for (TrialResult& trial : trials.all()) trial.spec.training = Value::Table{{"rows", 100}};
    const analysis::Answer all = trials.ask(keys);
    const analysis::Answer erm = trials.ask(keys + "where = { method = \"erm\" }\n");
    CHECK_FALSE(erm.sentence.empty());
    for (const analysis::Table& table : erm.tables) {
      CHECK_THAT(table.caption, Contains("Only trials with method = erm."));
    }
    for (const analysis::Chart& chart : erm.charts) {
      for (const analysis::Series& series : chart.series) {
        CHECK(series.name.find("irm_v1") == std::string::npos);
      }
    }
    const analysis::Answer split = trials.ask(keys + "by = \"method\"\n");
    CHECK_THAT(split.sentence, Contains("method = erm: ") && Contains("method = irm_v1: "));
    CHECK_THROWS_WITH(trials.ask(keys + "wher = { method = \"erm\" }\n"),
                      Contains("did you mean 'where'?"));
  }
}

TEST_CASE("a kind that is not there is told with the plug-ins of the store") {
  StoredResults results = stored(planted(), "kind = \"count_trials\"\n");
  CHECK_THROWS_WITH(analysis::answer_all(results),
                    Contains("unknown question kind 'count_trials'"));
  results.context["plugins"] = "my_lab 1.0 (libmy_lab.so)";
  const auto answers = analysis::answer_all(results);
  CHECK_THAT(answers.front().sentence, Contains("no question kind 'count_trials' is known") &&
                                           Contains("my_lab 1.0 (libmy_lab.so)") &&
                                           Contains("--plugin"));
}

TEST_CASE("a baseline that was not run yet is no mistake of a report") {
  CHECK_NOTHROW(planted().ask("kind = \"compare_methods\"\nbaseline = \"group_dro\"\n"));
}
