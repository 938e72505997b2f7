// Whether a hypothesis was stated before its trials were made, or after.
#include "harness/store/stated_questions.hpp"

#include <string>

#include "catch.hpp"
#include "spurion/analysis/answer.hpp"
#include "spurion/run.hpp"
#include "temporary_folder.hpp"
#include "unit/harness/test_suites.hpp"

using namespace spurion;
using Catch::Contains;

namespace {

std::string suite_with(const std::string& hypothesis) {
  return tests::replaced(tests::tiny_suite(), "kind = \"compare_methods\"",
                         "kind = \"scaling_law\"\naxis = \"optimizer.learning_rate\"\nplanted = 0\n"
                         "resamples = 50\nhypothesis = \"" +
                             hypothesis + "\"");
}

}  // namespace

TEST_CASE("a report says how many trials were made before a hypothesis was stated") {
  const Catalog catalog = builtin_catalog();
  const tests::TemporaryFolder folder;
  RunOptions options;
  options.jobs = 1;
  options.out = folder.path() / "run";
  const auto answer = [&](const std::string& text) {
    run_suite(Suite::parse(text, "s.toml"), catalog, options);
    return analysis::answer_all(read_results(options.out)).front().sentence;
  };
  const std::string first = suite_with("plateaus");
  CHECK_THAT(answer(first), Contains("was stated before 12 of the 12 trials of the experiment"));
  CHECK_THAT(answer(first), Contains("was stated before 12 of the 12 trials of the experiment"));
  // Another hypothesis, once the results are there.
  CHECK_THAT(answer(suite_with("closes")), Contains("was stated before 0 of the 12 trials"));
  CHECK_THAT(answer(first), Contains("was stated before 12 of the 12 trials"));
  // A third one, before further seeds.
  const std::string more = tests::replaced(suite_with("grows"), "seeds = 3", "seeds = 4");
  CHECK_THAT(answer(more), Contains("was stated before 4 of the 16 trials"));
  CHECK_THAT(answer(tests::tiny_suite()), !Contains("was stated before"));
}

TEST_CASE("what shards know of when a question was stated adds up") {
  const Suite suite = Suite::parse(suite_with("plateaus"), "s.toml");
  const auto facts_with = [&](std::int64_t made) {
    std::map<std::string, std::string> facts;
    harness::state_questions(
        suite, {}, [&](const std::string&) { return made; }, facts);
    return facts;
  };
  std::map<std::string, std::string> all = facts_with(2);
  harness::merge_stated_questions(facts_with(3), all);
  const auto stated = harness::stated_question(all, suite.questions.front());
  REQUIRE(stated);
  CHECK(stated->made == 5);
  CHECK(stated->date.size() == 10);
  CHECK(stated->suite.size() == 32);
  // One that a shard does not know of is not known.
  harness::merge_stated_questions({}, all);
  CHECK_FALSE(harness::stated_question(all, suite.questions.front()));
}
