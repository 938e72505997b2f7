// The question kind 'adaptation': scores before and after an adaptation at test time.
#include <string>

#include "spurion/analysis/glossary.hpp"
#include "unit/analysis/planted.hpp"

using namespace spurion;
using namespace spurion::tests;
using Catch::Contains;

namespace {

constexpr const char* kAskAdaptation = "kind = \"adaptation\"\n";

/// A trial with the same scores before adaptation and these after it.
void add_adapted(PlantedTrials& trials, const std::string& method, std::int64_t seed,
                 double change) {
  const double ood = 0.4 + seed_noise(seed);
  TrialResult& trial = trials.add(method, seed, 0.74, ood, "test_time");
  trial.measurements.push_back({1, 9, "in_distribution", 0.0, "accuracy", 0.74});
  trial.measurements.push_back({1, 9, "test", 0.9, "accuracy", ood + change});
  trial.measurements.push_back({1, 9, "test", 0.9, "gap", 0.74 - ood - change});
}

PlantedTrials adapted_trials() {
  PlantedTrials trials;
  for (std::int64_t seed = 0; seed < 8; ++seed) {
    add_adapted(trials, "erm", seed, 0.0);
    add_adapted(trials, "tent", seed, 0.2 + seed_noise(seed + 1, 0.01));
    add_adapted(trials, "arm_bn", seed, -0.2 + seed_noise(seed + 2, 0.01));
    add_adapted(trials, "t3a", seed, seed % 2 == 0 ? 0.05 : -0.05);
  }
  return trials;
}

}  // namespace

TEST_CASE("adaptation is said to help or to harm only where the change is shown") {
  const analysis::Answer answer = adapted_trials().ask(kAskAdaptation);
  const analysis::Table& table = answer.tables.front();
  CHECK(planted_cell(table, "erm", "adaptation") == "does not adapt");
  CHECK(planted_cell(table, "tent", "adaptation") == "helped");
  CHECK(planted_cell(table, "arm_bn", "adaptation") == "harmed");
  CHECK(planted_cell(table, "t3a", "adaptation") == "no change shown");
  CHECK_THAT(planted_cell(table, "tent", "OOD change"), Contains("0.2"));
  CHECK(planted_cell(table, "erm", "p") == "-");
  CHECK_THAT(answer.sentence, Contains("erm does not adapt") &&
                                  Contains("Adaptation helped tent out of distribution") &&
                                  Contains("Adaptation harmed arm_bn out of distribution") &&
                                  Contains("Under t3a no change by adaptation is shown"));
  CHECK_THAT(table.caption, Contains("transductive"));
  for (const analysis::Column& column : table.columns) {
    CAPTURE(column.title);
    CHECK(analysis::term_of(column) != nullptr);
  }
  for (const char* verdict : {"helped", "harmed", "no change shown", "does not adapt"}) {
    REQUIRE(analysis::find_term(verdict) != nullptr);
    CHECK(analysis::find_term(verdict)->kind == analysis::TermKind::verdict);
  }
}

TEST_CASE("other questions take the numbers after adaptation, and say so") {
  const analysis::Answer answer = adapted_trials().ask("kind = \"compare_methods\"\n");
  CHECK_THAT(planted_cell(answer.tables.front(), "tent", "OOD"), Contains("0.6"));
  CHECK_THAT(answer.tables.front().caption, Contains("numbers are those after the adaptation"));
}

TEST_CASE("trials without an adaptation have none to ask about") {
  PlantedTrials trials;
  for (std::int64_t seed = 0; seed < 3; ++seed) trials.add("erm", seed, 0.74, 0.4);
  const analysis::Answer answer = trials.ask(kAskAdaptation);
  CHECK(answer.tables.empty());
  CHECK_THAT(answer.sentence, Contains("the regime test_time does both"));
}
