#include "spurion/report.hpp"

#include <fmt/format.h>

#include <cmath>
#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include "catch.hpp"
#include "report/csv/csv.hpp"
#include "spurion/analysis/answer.hpp"
#include "spurion/error.hpp"
#include "temporary_folder.hpp"
#include "unit/report/made_up_store.hpp"

using namespace spurion;
using namespace spurion::tests::made_up;

TEST_CASE("questions are answered with the numbers that were stored") {
  const tests::TemporaryFolder folder;
  const auto answers = analysis::answer_all(read_results(made_up_store(folder, kSuite)));
  REQUIRE(answers.size() == 4);
  CHECK(answers[0].sentence.find("under erm the gap is 0.648") != std::string::npos);
  CHECK(text_of(answers[0].tables[0].rows[0].back()) == "plateaus");
  CHECK(text_of(answers[0].tables[0].rows[1].back()) == "closes");
  // irm_v1 averages (0.6 + 0.84) / 2 against 0.2: +0.52 on every seed; five pairs give p = 2/32.
  CHECK(answers[1].sentence.find("irm_v1 beats erm out of distribution by 0.520") !=
        std::string::npos);
  CHECK(answers[1].sentence.find(
            "5 seeds are too few for the sign-flip test (its p is at least 0.0625)") !=
        std::string::npos);
  // No cue was changed by itself, so it is not known what the stream did.
  CHECK(answers[2].sentence.find("Continued training cannot be judged: ") == 0);
  CHECK(answers[2].charts[0].marks == std::vector<double>{100});  // five windows of 20 rows
  // Ours pools both methods: 0.46 against 0.2 is far off.
  CHECK(answers[3].sentence.find("No.") == 0);
}

TEST_CASE("where nothing is confused the answers say so, and what is undefined is a dash") {
  const tests::TemporaryFolder folder;
  Store store(folder.path());
  std::vector<TrialResult> all;
  for (std::int64_t seed = 0; seed < 5; ++seed) {
    for (const std::int64_t width : {8, 64}) {
      // As in distribution, and no confusion index: in this world it is not defined.
      all.push_back(trial({"scale", "erm", "offline"}, width, seed, 0.85));
      all.push_back(trial({"scale", "irm_v1", "offline"}, width, seed, 0.85));
      all.back().measurements.push_back({0, 9, "test", 0.9, "confusion_index", 0.0});
    }
  }
  store.append(all);
  std::vector<std::pair<std::string, std::string>> memberships;
  for (const auto& one : all) memberships.emplace_back(one.spec.id(), one.spec.experiment);
  store.set_memberships(memberships);
  store.set_context({{"suite", kSuite}});
  const auto answers = analysis::answer_all(read_results(folder.path()));
  CHECK(answers[0].sentence.find("There is no gap to close") == 0);
  CHECK(text_of(answers[0].tables[0].rows[0].back()) == "no gap");
  const auto& table = answers[1].tables[0];
  // Undefined and 0 are not the same.
  CHECK(text_of(table.cell(0, "confusion index")) == "-");
  CHECK(text_of(table.cell(1, "confusion index")).find("0.000") == 0);
}

TEST_CASE("the report is one page without network, escaped, with a CSV for every number") {
  const tests::TemporaryFolder folder;
  const ReportFiles files = write_report(made_up_store(folder, kSuite));
  const std::string html = read(files.html);
  CHECK(html.find("Made &lt;up&gt; &amp; told") != std::string::npos);
  CHECK(html.find("<up>") == std::string::npos);
  for (const char* outside : {"src=\"http", "href=\"http", "@import", "url(http"}) {
    CHECK(html.find(outside) == std::string::npos);
  }
  for (const char* part :
       {"id=\"answers\"", "id=\"shift\"", "id=\"run\"", "role=\"img\"", "<caption>",
        "scope=\"col\"", "prefers-color-scheme", "@media print", "@page wide"}) {
    CHECK(html.find(part) != std::string::npos);
  }
  CHECK(html.find("25 done of 25; 0 diverged, 0 failed") != std::string::npos);
  CHECK(files.csv.size() >= 7);
  for (const auto& csv : files.csv) CHECK(read(csv).find('\n') != std::string::npos);
  CHECK(terminal_report(folder.path(), 80).find("Who does better?") != std::string::npos);
}

TEST_CASE("a run that is not finished is told before its answers") {
  const tests::TemporaryFolder folder;
  made_up_store(folder, kSuite);
  StoredResults results = read_results(folder.path());
  CHECK(terminal_report(results, 100).find("not finished") == std::string::npos);
  results.context["trials"] = "30";
  CHECK_THAT(terminal_report(results, 100),
             Catch::StartsWith("Note: The run is not finished: 25 of 30 trials are in the store."));
  results.trials.resize(1);
  CHECK_THAT(terminal_report(results, 100),
             Catch::StartsWith("Note: The run is not finished: 1 of 30 trials is in the store."));
}

TEST_CASE("a text report says what its signs mean before they appear, and only of those it has") {
  const tests::TemporaryFolder folder;
  made_up_store(folder, kSuite);
  StoredResults results = read_results(folder.path());
  const std::string text = terminal_report(results, 100);
  for (const char* sign : {"  [a, b]: ", "  gap: ", "  margin: ", "  OOD: "}) {
    CAPTURE(sign);
    CHECK(text.find(sign) < text.find("Does width close the gap?"));
  }
  // No ceiling is known in distribution, so nothing is said of learning.
  CHECK_THAT(text, !Catch::Contains("  learned: "));
  results.suite = nullptr;  // to be parsed anew
  results.context["suite"] =
      "name = \"s\"\n[[experiment]]\nname = \"scale\"\n[[question]]\ntext = \"As published?\"\n"
      "kind = \"published\"\nexperiment = \"scale\"\nrows = [{ label = \"E\", domain = \"test\", "
      "metric = \"accuracy\", value = 0.2, spread = 0.05, runs = 10 }]\n";
  CHECK_THAT(terminal_report(results, 100), !Catch::Contains("margin: "));
}

TEST_CASE("columns that do not fit are counted with the right plural") {
  StoredResults results;
  results.context["suite"] = kSuite;
  const tests::TemporaryFolder folder;
  made_up_store(folder, kSuite);
  for (const int width : {60, 70, 80, 90, 100, 110, 120}) {
    const std::string text = terminal_report(folder.path(), width);
    CHECK(text.find("+1 columns") == std::string::npos);
  }
}

TEST_CASE("a page tells what methods need to see from what regimes let them see") {
  const tests::TemporaryFolder folder;
  made_up_store(folder, kSuite);
  {
    Store store(folder.path());
    store.set_context({{"suite", kSuite},
                       {"access.erm", "labels only"},
                       {"access.offline", "domain labels, group labels"}});
  }
  const std::string html = read(write_report(folder.path()).html);
  const auto needs = html.find("What each method needs to see:");
  const auto grants = html.find("What each regime lets a method see:");
  REQUIRE(needs != std::string::npos);
  REQUIRE(grants != std::string::npos);
  CHECK(needs < grants);
  CHECK(html.find("<code>erm</code>") < grants);
  CHECK(html.find("<code>offline</code>") > grants);
}

TEST_CASE("an unknown kind of question is answered with the nearest") {
  const tests::TemporaryFolder folder;
  std::string suite = kSuite;
  suite.replace(suite.find("compare_methods"), 15, "compare_method");
  made_up_store(folder, suite);
  CHECK_THROWS_WITH(write_report(folder.path()),
                    Catch::Contains("unknown question kind 'compare_method'; did you mean "
                                    "'compare_methods'?"));
  CHECK_FALSE(std::filesystem::exists(folder.path() / "report.html"));
}

TEST_CASE("each world has a dial chart of its own, which says what its ceilings are") {
  const tests::TemporaryFolder folder;
  Store store(folder.path());
  std::vector<TrialResult> all;
  std::vector<std::pair<std::string, std::string>> memberships;
  for (const char* world : {"closed", "counted", "mixed", "on_curve"}) {
    all.push_back(trial({"scale", "erm", "offline"}, 8, 0, 0.2));
    all.back().spec.environment = {world, Value::Table{}};
    all.back().measurements.push_back({0, 0, "shift=0.5", 0.5, "ceiling_bayes", 0.8});
    memberships.emplace_back(all.back().spec.id(), "scale");
  }
  store.append(all);
  store.set_memberships(memberships);
  const auto facts = [](const char* bayes, const char* invariant) {
    return fmt::format(
        R"({{"options": {{}}, "shift_name": "e", "shift_doc": "how often", "shift_points": [)"
        R"({{"bayes": {{"exactness": "{}"}}, "invariant": {{"exactness": "{}"}}}}]}})",
        bayes, invariant);
  };
  store.set_context(
      {{"suite", kSuite},
       {"environment.closed", facts("closed form", "enumerated")},
       {"environment.counted", facts("empirical", "empirical")},
       {"environment.mixed", facts("empirical", "closed form")},
       {"environment.on_curve",
        R"({"options": {}, "shift_name": "e", "shift_doc": "how often", "shift_points": [)"
        R"({"bayes": {"exactness": "closed form"}}, )"
        R"({"bayes": {"exactness": "empirical"}}]})"}});
  const auto charts = analysis::shift_charts(read_results(folder.path()));
  REQUIRE(charts.size() == 4);
  CHECK(charts[0].name != charts[1].name);
  for (const analysis::Chart& chart : charts) {
    CAPTURE(chart.name, chart.note);
    REQUIRE(chart.series.size() == 3);
    CHECK(chart.series[0].y[0].count == 1);  // not pooled over worlds
    CHECK(chart.x_label == "e: how often");
    const bool exact = chart.note.find("Dashed: exact ceilings.") != std::string::npos;
    CHECK(exact == (chart.name == "shift_scale_closed"));
    if (chart.name == "shift_scale_counted") {
      CHECK(chart.note.find("Dashed: ceilings (estimated from rows or random samples).") !=
            std::string::npos);
    }
    if (chart.name == "shift_scale_mixed" || chart.name == "shift_scale_on_dial") {
      CHECK(chart.note.find("estimated from rows or random samples: Bayes ceiling)") !=
            std::string::npos);
    }
  }
}
