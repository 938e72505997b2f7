// What a question needs is checked before anything runs.
#include "catch.hpp"
#include "spurion/analysis/answer.hpp"
#include "spurion/catalog.hpp"
#include "spurion/error.hpp"

using namespace spurion;

namespace {

constexpr const char* kOnStream =
    R"(method = { name = "erm" }
regime = { name = "continual", trajectory = "reversal", phase_count = 2, final_phases = ["no_cue"] }
)";

/// The problems of a suite with one question of these lines; empty if there are none. `trained`:
/// its method and regime. `widths`: of its models.
std::string problems_of(const std::string& question, const std::string& trained = kOnStream,
                        const std::string& widths = "4, 8") {
  const Suite suite = Suite::parse(R"(
name = "s"
[[experiment]]
name = "e"
environment = { name = "two_bit" }
model = { name = "mlp" }
)" + trained + R"([experiment.grid]
"model.width" = [)" + widths + R"(]
[[question]]
text = "?"
experiment = "e"
)" + question,
                                   "s.toml");
  static const Catalog catalog = builtin_catalog();
  try {
    analysis::check_questions(suite, suite.trials(catalog));
  } catch (const UsageError& error) {
    return error.what();
  }
  return {};
}

using Catch::Contains;

constexpr const char* kRow =
    "{ label = \"a\", domain = \"test\", metric = \"accuracy\", value = 0.5, spread = 0.1, runs = "
    "5";

std::string published(const std::string& rest) {
  return std::string("kind = \"published\"\nrows = [") + kRow + rest + "}]\n";
}

}  // namespace

TEST_CASE("questions that are as they must be pass") {
  for (const std::string& question :
       {std::string("kind = \"gap_against_scale\"\naxis = \"model.width\"\n"),
        std::string("kind = \"compare_methods\"\nbaseline = \"erm\"\n"),
        std::string("kind = \"compare_regimes\"\n"),
        std::string("kind = \"streams\"\nphase = 3\naxis = \"model.width\"\ntied_axes = []\n"),
        std::string(
            "kind = \"trend\"\naxis = \"model.width\"\nclaim = \"rises\"\nfrom = 4\nto = 8\n"),
        published(", rounding = 0.005, note = \"n\", where = { \"model.width\" = 4 }")}) {
    CAPTURE(question);
    CHECK(problems_of(question).empty());
  }
}

TEST_CASE("a question without what its kind needs is refused before anything runs") {
  CHECK_THAT(problems_of("kind = \"gap_against_scale\"\n"), Contains("needs axis"));
  CHECK_THAT(problems_of("kind = \"gap_against_scale\"\naxis = \"width\"\n"),
             Contains("unknown option of the experiment's trials 'width'"));
  CHECK_THAT(problems_of("kind = \"gap_against_scale\"\naxis = 3\n"),
             Contains("'axis' of a question of kind 'gap_against_scale' expects a string, got"));
  CHECK_THAT(problems_of("kind = \"trend\"\naxis = \"model.width\"\n"), Contains("needs claim"));
  CHECK_THAT(problems_of("kind = \"trend\"\nclaim = \"rises\"\n"), Contains("needs axis"));
  CHECK_THAT(problems_of("kind = \"trend\"\naxis = \"model.width\"\nclaim = \"rises\"\nfrom = 9\n"
                         "to = 8\n"),
             Contains("'from' = 9 lies above 'to' = 8"));
  CHECK_THAT(problems_of("kind = \"trend\"\naxis = \"model.width\"\nclaim = \"rises\"\nfrom = "
                         "\"4\"\n"),
             Contains("'from' of a question of kind 'trend' expects a number"));
  CHECK_THAT(
      problems_of("kind = \"trend\"\naxis = \"model.width\"\nclaim = \"rises\"\nwhere = 3\n"),
      Contains("where"));
  CHECK_THAT(problems_of("kind = \"compare_methods\"\nbaseline = 3\n"),
             Contains("'baseline' of a question of kind 'compare_methods' expects a string"));
  CHECK_THAT(problems_of("kind = \"streams\"\nexperiments = \"e\"\n"),
             Contains("expects a list of strings"));
  CHECK_THAT(problems_of("kind = \"streams\"\nphase = 4\n"), Contains("have phases 0 to 3"));
  CHECK_THAT(problems_of("kind = \"gap_against_scale\"\naxis = \"model.activation\"\n"),
             Contains("cannot be an axis") || Contains("unknown option"));
  CHECK_THAT(problems_of("kind = \"gap_against_scale\"\naxis = \"regime.trajectory\"\n"),
             Contains("cannot be an axis"));
}

TEST_CASE("what keys name is looked up among the trials of the suite") {
  const std::string methods = "kind = \"compare_methods\"\n";
  CHECK_THAT(problems_of(methods + "baseline = \"erms\"\n"), Contains("did you mean 'erm'?"));
  CHECK_THAT(problems_of(methods + "where = { \"model.widht\" = 4 }\n"),
             Contains("s.toml:15:") && Contains("did you mean 'model.width'?"));
  CHECK_THAT(problems_of(methods + "where = { \"model.width\" = 5 }\n"),
             Contains("no trial of the experiment has model.width = 5 (there are: 4, 8)"));
  CHECK_THAT(problems_of(methods + "by = \"model.widht\"\n"),
             Contains("did you mean 'model.width'?"));
  CHECK(problems_of(methods + "by = \"model.width\"\nwhere = { method = \"erm\" }\n").empty());
  CHECK(problems_of(methods + "where = { \"model.width\" = 4.0 }\n").empty());
}

TEST_CASE("a question that its trials cannot answer is refused before anything runs") {
  const std::string offline = "method = { name = \"v_rex\" }\nregime = { name = \"offline\" }\n";
  // A default counts as if it were written.
  CHECK_THAT(
      problems_of("kind = \"compare_methods\"\n", offline),
      Contains("s.toml:11:1: a question of kind 'compare_methods' has no 'baseline', and the "
               "default 'erm' is no method of the experiment") &&
          Contains("with one of its methods (v_rex)"));
  CHECK(problems_of("kind = \"compare_methods\"\nbaseline = \"v_rex\"\n", offline).empty());
  CHECK_THAT(problems_of("kind = \"streams\"\n", offline),
             Contains("needs trials that train on a stream, but experiment 'e' has none (its "
                      "regimes: offline)"));
  // One value of an axis is no scale.
  for (const char* kind :
       {"kind = \"gap_against_scale\"\n", "kind = \"trend\"\nclaim = \"rises\"\n",
        "kind = \"streams\"\n", "kind = \"gap_grid\"\nsecond_axis = \"model.width\"\n"}) {
    CAPTURE(kind);
    const std::string asked = kind;
    CHECK_THAT(problems_of(asked + "axis = \"model.depth\"\n"),
               Contains("has model.depth = ") && Contains("an axis needs at least two values"));
  }
  const std::string gap = "kind = \"gap_against_scale\"\naxis = \"model.width\"\n";
  CHECK_THAT(problems_of(gap + "where = { \"model.width\" = 4 }\n"),
             Contains("has model.width = 4: an axis needs at least two values"));
  CHECK_THAT(problems_of(gap + "by = \"model.width\"\n"),
             Contains("has 'model.width' as its axis and as 'by'"));
  CHECK(problems_of(gap).empty());
}

TEST_CASE("a question in parts counts the parts that its trials have") {
  std::string widths = "1";
  for (int width = 2; width <= 60; ++width) widths += ", " + std::to_string(width);
  const std::string in_parts = "kind = \"compare_methods\"\nby = \"model.width\"\n";
  CHECK_THAT(problems_of(in_parts, kOnStream, widths),
             Contains("by = \"model.width\" would answer 60 times"));
  CHECK(problems_of(in_parts + "where = { \"model.width\" = 4 }\n", kOnStream, widths).empty());
}

TEST_CASE("rows of published numbers are checked, each of them") {
  CHECK_THAT(problems_of("kind = \"published\"\n"), Contains("needs rows"));
  CHECK_THAT(problems_of("kind = \"published\"\nrows = []\n"), Contains("needs rows"));
  CHECK_THAT(problems_of("kind = \"published\"\nrows = [3]\n"),
             Contains("expects a table, got integer"));
  CHECK_THAT(problems_of("kind = \"published\"\nrows = [{ label = \"a\", domain = \"test\", metric "
                         "= \"accuracy\", value = 0.5, spread = 0.1 }]\n"),
             Contains("needs runs, a number >= 1"));
  CHECK_THAT(problems_of(published(", spread_kind = \"deviation\"")), Contains("spread_kind"));
  CHECK_THAT(problems_of(published(", spraed = 3")), Contains("did you mean 'spread'?"));
  CHECK_THAT(problems_of(published(", rounding = -1")), Contains("must be >= 0, got -1"));
  CHECK_THAT(problems_of(published(", where = { \"model.widht\" = 4 }")),
             Contains("did you mean 'model.width'?"));
  CHECK_THAT(problems_of(published("") + "selector = 3\n"), Contains("expects a string"));
  CHECK_THAT(problems_of(published("") + "selector = \"oracel\"\n"),
             Contains("s.toml:") && Contains("unknown selector 'oracel'; did you mean 'oracle'?"));
  CHECK_THAT(problems_of(published("") + "early_stopping = true\n"),
             Contains("early_stopping needs a selector"));
  CHECK_THAT(problems_of(published("") + "tune_per_scale = false\n"),
             Contains("tune_per_scale needs a selector"));
  CHECK_THAT(problems_of(published("") + "selector = \"oracle\"\ntune_per_scale = false\n"),
             Contains("s.toml:") && Contains("needs a question with an axis that is an option"));
  const std::string two =
      problems_of("kind = \"published\"\nrows = [{ label = \"a\" }, { domain = \"test\" }]\n");
  CHECK_THAT(two, Contains("domain") && Contains("label"));
}

TEST_CASE("a question about a probe that no trial measures is refused") {
  const std::string asked = "kind = \"goodhart\"\nproxy = \"probe_occlusion_on_colour\"\n";
  CHECK_THAT(problems_of(asked), Contains("no trial of the experiment measures a probe") &&
                                     Contains("{ name = \"occlusion\" }"));
  CHECK(problems_of("kind = \"goodhart\"\nproxy = \"flip_rate\"\n").empty());
  CHECK(problems_of("kind = \"authenticity\"\n").empty());
}
