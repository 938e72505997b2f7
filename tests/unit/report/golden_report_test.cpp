// The report of a store that is kept in tests/golden: a change of what reports say is seen in
// review. SPURION_WRITE_GOLDEN=1 in the environment writes report.txt anew;
// tests/golden/make_store.sh makes the store anew.
#include <cstdlib>
#include <fstream>
#include <set>
#include <string>

#include "catch.hpp"
#include "spurion/analysis/answer.hpp"
#include "spurion/analysis/glossary.hpp"
#include "spurion/question_kinds.hpp"
#include "spurion/report.hpp"
#include "spurion/store.hpp"
#include "spurion/suite.hpp"
#include "unit/report/made_up_store.hpp"

using namespace spurion;
using namespace spurion::tests::made_up;

namespace {

const std::filesystem::path kGolden = SPURION_SOURCE_DIR "/tests/golden";

/// The first line in which two texts differ.
std::string first_difference(const std::string& expected, const std::string& got) {
  std::istringstream old_lines(expected);
  std::istringstream new_lines(got);
  std::string before;
  std::string now;
  for (int line = 1; std::getline(old_lines, before) || std::getline(new_lines, now); ++line) {
    if (old_lines) std::getline(new_lines, now);
    if (before != now) return "line " + std::to_string(line) + "\n- " + before + "\n+ " + now;
    before.clear();
    now.clear();
  }
  return "no line";
}

}  // namespace

TEST_CASE("the report of a kept store says what it said") {
  const std::string text = terminal_report(kGolden / "results", 100);
  if (std::getenv("SPURION_WRITE_GOLDEN") != nullptr) {
    std::ofstream(kGolden / "report.txt") << text;
  }
  const std::string expected = read(kGolden / "report.txt");
  INFO("first difference: " << first_difference(expected, text));
  CHECK(text == expected);
}

namespace {

/// Further questions about the kept store, so that every kind makes every table that it can.
constexpr const char* kMoreQuestions = R"toml(
[[question]]
text = "How does the gap depend on two scales?"
kind = "gap_grid"
experiment = "scale"
axis = "model.width"
second_axis = "training.rows"
[[question]]
text = "By the name of each section"
kind = "compare_methods"
experiment = "scale"
by = "model"
[[question]]
text = "By an option"
kind = "compare_methods"
experiment = "scale"
by = "model.width"
[[question]]
text = "Along a scale"
kind = "streams"
experiment = "stream"
axis = "model.width"
[[question]]
text = "What does a selection cost?"
kind = "selection"
experiment = "scale"
[[question]]
text = "Who is first?"
kind = "leaderboard"
experiment = "scale"
[[question]]
text = "What does adaptation change?"
kind = "adaptation"
experiment = "scale"
[[question]]
text = "What law does the gap follow?"
kind = "scaling_law"
experiment = "scale"
axis = "model.width"
hypothesis = "closes"
[[question]]
text = "Does acting resolve it?"
kind = "compare_policies"
experiment = "scale"
[[question]]
text = "Do probes show the reliance?"
kind = "authenticity"
experiment = "scale"
probes = ["gap"]
[[question]]
text = "Does the truth follow?"
kind = "goodhart"
experiment = "scale"
proxy = "accuracy"
)toml";

/// The kept store, asked questions of every kind.
StoredResults with_more_questions() {
  StoredResults results = read_results(kGolden / "results");
  results.context["suite"] += kMoreQuestions;
  results.suite = nullptr;  // to be parsed anew
  return results;
}

}  // namespace

TEST_CASE("every column and verdict of a report has an entry in the glossary") {
  const StoredResults results = with_more_questions();
  const auto answers = analysis::answer_all(results);
  REQUIRE(answers.size() == 17);
  std::set<std::string> asked;
  for (const auto& question : Suite::parse(results.context.at("suite"), "suite").questions) {
    asked.insert(question.kind);
  }
  for (const std::string& kind : builtin_questions().names()) {
    CAPTURE(kind);
    CHECK(asked.count(kind) == 1);
  }
  int verdicts = 0;
  for (const analysis::Answer& answer : answers) {
    for (const analysis::Table& table : answer.tables) {
      CAPTURE(table.name);
      std::set<std::string> titles;
      for (std::size_t i = 0; i < table.columns.size(); ++i) {
        const analysis::Column& column = table.columns[i];
        CAPTURE(column.title);
        // A reader looks up what is shown, which no other column of the table may be called.
        const analysis::Term* shown = analysis::term_of({column.title});
        REQUIRE(shown != nullptr);
        CHECK(shown == analysis::term_of(column));
        CHECK(titles.insert(column.title).second);
        const bool of_verdicts = column.title == "verdict" || column.title == "claim" ||
                                 column.title == "result" || column.title == "certificate";
        if (!of_verdicts) continue;
        for (const auto& row : table.rows) {
          if (std::holds_alternative<analysis::Missing>(row[i])) continue;
          const analysis::Term* term = analysis::find_term(text_of(row[i]));
          CAPTURE(text_of(row[i]));
          REQUIRE(term != nullptr);
          CHECK(term->kind == analysis::TermKind::verdict);
          ++verdicts;
        }
      }
    }
  }
  CHECK(verdicts > 5);
}

TEST_CASE("every reference line of a chart has an entry in the glossary") {
  const StoredResults results = with_more_questions();
  std::vector<analysis::Chart> charts = analysis::shift_charts(results);
  for (const analysis::Answer& answer : analysis::answer_all(results)) {
    charts.insert(charts.end(), answer.charts.begin(), answer.charts.end());
  }
  std::set<std::string> lines;
  for (const analysis::Chart& chart : charts) {
    for (const analysis::Series& series : chart.series) {
      if (series.reference) lines.insert(series.name);
    }
  }
  CHECK_FALSE(lines.empty());
  for (const std::string& line : lines) {
    CAPTURE(line);
    CHECK(analysis::find_term(line) != nullptr);
  }
}
