// The report of a store that is kept in tests/golden: a change of what reports say is seen in
// review. SPURION_WRITE_GOLDEN=1 in the environment writes report.txt anew;
// tests/golden/make_store.sh makes the store anew.
#include <cstdlib>
#include <fstream>
#include <string>

#include "catch.hpp"
#include "spurion/analysis/answer.hpp"
#include "spurion/analysis/glossary.hpp"
#include "spurion/report.hpp"
#include "spurion/store.hpp"
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

TEST_CASE("every column and verdict of a report has an entry in the glossary") {
  const auto answers = analysis::answer_all(read_results(kGolden / "results"));
  REQUIRE(answers.size() == 6);
  int verdicts = 0;
  for (const analysis::Answer& answer : answers) {
    for (const analysis::Table& table : answer.tables) {
      CAPTURE(table.name);
      for (std::size_t i = 0; i < table.columns.size(); ++i) {
        const analysis::Column& column = table.columns[i];
        CAPTURE(column.title);
        CHECK(analysis::term_of(column) != nullptr);
        if (column.title != "verdict" && column.title != "claim") continue;
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
