// Planted results whose winners are known: a leaderboard finds them, and says what it cannot say.
#include <cmath>

#include "catch.hpp"
#include "unit/analysis/planted.hpp"

using namespace spurion;
using Catch::Contains;
using tests::planted_cell;
using tests::PlantedTrials;
using tests::seed_noise;

namespace {

constexpr const char* kAskBoard = "kind = \"leaderboard\"\n";
constexpr std::int64_t kBoardSeeds = 5;

struct Scores {
  double id;
  double ood;
};

/// Five seeds of a method in an environment.
void add(PlantedTrials& trials, const std::string& environment, const std::string& method,
         const Scores& scores) {
  for (std::int64_t seed = 0; seed < kBoardSeeds; ++seed) {
    const auto own = static_cast<std::int64_t>(method.size() + 2 * environment.size());
    TrialResult& trial = trials.add(method, seed, scores.id + seed_noise(seed + own, 0.002),
                                    scores.ood + seed_noise(seed + 2 * own + 1, 0.002));
    trial.spec.environment.name = environment;
    trial.cost.flops = 2e9;
  }
}

void set_ceilings(PlantedTrials& trials, const std::string& environment, double cue_only,
                  double invariant) {
  for (TrialResult& trial : trials.all()) {
    if (trial.spec.environment.name != environment) continue;
    tests::set_number(trial, "test", "ceiling_spurious_only", cue_only);
    tests::set_number(trial, "test", "ceiling_invariant", invariant);
  }
}

/// ERM and four others in one environment: the cue only .1, invariant .75.
PlantedTrials one_environment() {
  PlantedTrials trials;
  add(trials, "easy", "erm", {0.85, 0.2});
  add(trials, "easy", "winner", {0.75, 0.7});
  add(trials, "easy", "same", {0.85, 0.2});
  add(trials, "easy", "loser", {0.85, 0.12});
  add(trials, "easy", "shrinker", {0.7, 0.2});
  return trials;
}

/// The cell in the first row of this method and environment.
std::string cell_in(const analysis::Table& table, const std::string& method,
                    const std::string& environment, const std::string& column) {
  for (std::size_t i = 0; i < table.rows.size(); ++i) {
    if (text_of(table.rows[i].front()) != method) continue;
    if (text_of(table.cell(i, "environment")) == environment) {
      return text_of(table.cell(i, column));
    }
  }
  FAIL("no row " << method << " " << environment);
  return {};
}

}  // namespace

TEST_CASE("a leaderboard finds who won, tied and lost, and the rank of each") {
  const auto answer = one_environment().ask(kAskBoard);
  const auto& table = answer.tables.front();
  CHECK(table.name == "leaderboard_e");
  CHECK(text_of(table.rows.front().front()) == "winner");
  CHECK(planted_cell(table, "winner", "result") == "won");
  CHECK(planted_cell(table, "same", "result") == "tied");
  CHECK(planted_cell(table, "loser", "result") == "lost");
  CHECK(planted_cell(table, "erm", "result") == "-");
  CHECK(planted_cell(table, "erm", "p") == "-");
  CHECK(planted_cell(table, "winner", "rank") == "1.0 [1.0, 1.0]");
  CHECK(planted_cell(table, "winner", "rank 1") == "1.00");
  CHECK(planted_cell(table, "loser", "rank") == "5.0 [5.0, 5.0]");
  CHECK(planted_cell(table, "winner", "GFLOP") == "2");
  CHECK(planted_cell(table, "winner", "seeds") == "5");
  CHECK_THAT(answer.sentence,
             Contains("Of 5 methods winner has the best score out of distribution") &&
                 Contains("It has rank 1 in 100 % of the resamples") &&
                 Contains("Shown to be better than erm out of distribution: winner.") &&
                 Contains("Shown to be worse: loser.") &&
                 Contains("With 5 seeds and 4 comparisons a sign-flip test"));
}

TEST_CASE("methods with the same best score share it, and none of them is first") {
  PlantedTrials trials = one_environment();
  add(trials, "easy", "victor", {0.75, 0.7});  // a name as long: the same noise, the same scores
  const std::string sentence = trials.ask(kAskBoard).sentence;
  CHECK_THAT(sentence, Contains("Of 6 methods") && Contains("winner") && Contains("victor") &&
                           Contains("have the same best score out of distribution") &&
                           Contains("so none of them is first") && !Contains("It has rank 1"));
}

TEST_CASE("scores lie between the ceilings of the test domain") {
  PlantedTrials trials = one_environment();
  // (.7 - .1) / (.75 - .1) and (.2 - .1) / .65, whatever noise of mean 0 the seeds have.
  const auto table = trials.ask(kAskBoard).tables.front();
  CHECK(planted_cell(table, "winner", "normalised OOD").substr(0, 5) == "0.923");
  CHECK(planted_cell(table, "erm", "normalised OOD").substr(0, 5) == "0.154");
  for (const double cue_only : {0.75, 0.8, 0.74}) {
    CAPTURE(cue_only);
    set_ceilings(trials, "easy", cue_only, 0.75);
    const auto answer = trials.ask(kAskBoard);
    CHECK(planted_cell(answer.tables.front(), "winner", "normalised OOD") == "-");
    CHECK(planted_cell(answer.tables.front(), "winner", "result") == "won");
    CHECK_THAT(answer.sentence, Contains("Scores in easy are not normalised: there a predictor") &&
                                    Contains("invariant 0.750"));
    CHECK_THAT(planted_cell(answer.tables[1], "easy", "normalised"),
               Contains("no: the cue costs n"));
  }
}

TEST_CASE("a gap that closes by losing ID is flagged, one that closes by a gain is not") {
  const auto answer = one_environment().ask(kAskBoard);
  const auto& table = answer.tables.front();
  CHECK(planted_cell(table, "shrinker", "flag") == "gap closed by losing ID");
  CHECK(planted_cell(table, "shrinker", "result") == "tied");
  CHECK(planted_cell(table, "winner", "flag") == "-");  // it lost ID too, and gained OOD
  CHECK(planted_cell(table, "same", "flag") == "-");
  CHECK_THAT(answer.sentence, Contains("Gap closed by losing ID") && Contains(": shrinker."));
  // Below the margin a loss is none.
  CHECK(
      planted_cell(one_environment().ask(std::string(kAskBoard) + "margin = 0.2\n").tables.front(),
                   "shrinker", "flag") == "-");
}

TEST_CASE("a win among many methods is adjusted for their number") {
  PlantedTrials trials;
  for (std::int64_t seed = 0; seed < kBoardSeeds; ++seed) {
    trials.add("erm", seed, 0.85, 0.2).spec.evaluation = Value::Table{};
    // Alone: t = 4.24, p = .013.
    trials.add("ahead", seed, 0.85, 0.203 + 0.001 * static_cast<double>(seed - 2)).spec.evaluation =
        Value::Table{};
  }
  CHECK(planted_cell(trials.ask(kAskBoard).tables.front(), "ahead", "result") == "won");
  for (int i = 0; i < 6; ++i) {
    for (std::int64_t seed = 0; seed < kBoardSeeds; ++seed) {
      trials.add("other_" + std::to_string(i), seed, 0.85, 0.2 + seed_noise(seed)).spec.evaluation =
          Value::Table{};
    }
  }
  const auto many = trials.ask(kAskBoard).tables.front();
  CHECK(planted_cell(many, "ahead", "result") == "tied");
  CHECK(planted_cell(many, "ahead", "p") == "0.093");  // 7 times .01324
}

TEST_CASE("a method that did not learn wins nothing, and one seed decides nothing") {
  PlantedTrials trials = one_environment();
  add(trials, "easy", "constant", {0.5, 0.5});
  const auto answer = trials.ask(kAskBoard);
  CHECK(planted_cell(answer.tables.front(), "constant", "result") == "did not learn");
  CHECK_THAT(answer.sentence, Contains("Did not learn: constant."));
  PlantedTrials one;
  one.add("erm", 0, 0.85, 0.2);
  one.add("winner", 0, 0.75, 0.7);
  const auto alone = one.ask(kAskBoard);
  CHECK(planted_cell(alone.tables.front(), "winner", "result") == "undecided");
  CHECK(planted_cell(alone.tables.front(), "winner", "rank") == "1.0 (one seed)");
  CHECK(planted_cell(alone.tables.front(), "winner", "rank 1") == "-");
  CHECK_THAT(alone.sentence, Contains("One seed does not tell how sure this rank is"));
}

TEST_CASE("several environments weigh alike, and their orders are compared") {
  PlantedTrials trials = one_environment();
  // The order of the methods is turned round, but for the first.
  add(trials, "hard", "erm", {0.85, 0.3});
  add(trials, "hard", "winner", {0.75, 0.6});
  add(trials, "hard", "loser", {0.85, 0.4});
  add(trials, "hard", "shrinker", {0.85, 0.3});
  set_ceilings(trials, "hard", 0.2, 0.7);
  add(trials, "control", "erm", {0.75, 0.75});
  add(trials, "control", "winner", {0.75, 0.75});
  set_ceilings(trials, "control", 0.75, 0.75);
  const auto answer = trials.ask(kAskBoard);
  REQUIRE(answer.tables.size() == 5);
  const auto& overall = answer.tables[0];
  const auto& each = answer.tables[1];
  const auto& scales = answer.tables[2];
  const auto& agreement = answer.tables[3];
  CHECK(text_of(overall.rows.front().front()) == "winner");
  // ((.7 - .1) / .65 + (.6 - .2) / .5) / 2, the control without a scale left out.
  CHECK(planted_cell(overall, "winner", "normalised OOD").substr(0, 5) == "0.862");
  CHECK(planted_cell(overall, "winner", "wins") == "2");
  CHECK(planted_cell(overall, "winner", "ties") == "1");
  CHECK(planted_cell(overall, "loser", "wins") == "1");
  CHECK(planted_cell(overall, "loser", "losses") == "1");
  CHECK(planted_cell(overall, "shrinker", "ID lost") == "1");
  CHECK(planted_cell(overall, "same", "rank") == "-");  // it has no score in "hard"
  CHECK(planted_cell(overall, "same", "environments") == "1");
  CHECK(cell_in(each, "loser", "easy", "result") == "lost");
  CHECK(cell_in(each, "loser", "hard", "result") == "won");
  CHECK(cell_in(each, "winner", "control", "normalised OOD") == "-");
  CHECK(planted_cell(scales, "control", "normalised") == "no: the cue costs nothing");
  REQUIRE(agreement.rows.size() == 3);
  CHECK(text_of(agreement.rows[1][0]) == "control");
  CHECK(text_of(agreement.rows[2][0]) == "easy");
  CHECK(text_of(agreement.rows[2][1]) == "hard");
  CHECK(text_of(agreement.cell(2, "methods")) == "4");
  CHECK_THAT(answer.sentence, Contains("Of 5 methods over 3 environments winner has the best") &&
                                  Contains("winner in 2 of 3 environments") &&
                                  Contains("so without a rank over all: same.") &&
                                  Contains("Kendall's tau") &&
                                  Contains("Scores in control are not normalised"));
  // Every run of the winner is better than every run of the baseline.
  CHECK(planted_cell(overall, "winner", "probability of improvement") == "1.00 [1.00, 1.00]");
  CHECK(planted_cell(overall, "erm", "probability of improvement") == "-");
  CHECK(planted_cell(overall, "same", "normalised IQM") == "-");
  CHECK(planted_cell(overall, "winner", "normalised IQM").substr(0, 4) == "0.86");
  // Dots, profiles and a map over all, and dots for each environment.
  REQUIRE(answer.charts.size() == 6);
  CHECK(answer.charts[0].kind == analysis::ChartKind::dot);
  CHECK(answer.charts[1].kind == analysis::ChartKind::line);
  REQUIRE(answer.charts[1].series.size() == 4);  // those with scores in all environments
  for (const analysis::Series& profile : answer.charts[1].series) {
    CHECK(profile.y.front().value > 0.9);  // nearly all runs are above the lowest score
    CHECK(profile.y.back().value < 0.1);
  }
  CHECK(answer.charts[2].kind == analysis::ChartKind::heat_map);
  CHECK(answer.charts[2].categories == std::vector<std::string>{"easy", "hard"});
  CHECK(answer.charts[2].series.size() == 5);
  CHECK(answer.charts[3].panel == answer.charts[5].panel);
}

TEST_CASE("the same results give the same leaderboard") {
  const auto first = one_environment().ask(kAskBoard);
  const auto second = one_environment().ask(kAskBoard);
  CHECK(first.sentence == second.sentence);
  REQUIRE(first.tables.front().rows.size() == second.tables.front().rows.size());
  for (std::size_t i = 0; i < first.tables.front().rows.size(); ++i) {
    for (std::size_t j = 0; j < first.tables.front().rows[i].size(); ++j) {
      CHECK(text_of(first.tables.front().rows[i][j]) == text_of(second.tables.front().rows[i][j]));
    }
  }
}

TEST_CASE("regression has a board of its own beside classification") {
  PlantedTrials trials = one_environment();
  for (const char* method : {"erm", "winner"}) {
    for (std::int64_t seed = 0; seed < kBoardSeeds; ++seed) {
      TrialResult& trial = trials.add(method, seed, 0.0, 0.0);
      trial.spec.environment.name = "linear";
      const bool good = method[0] == 'w';
      const double noise = seed_noise(seed + (good ? 1 : 0), 0.1);
      trial.measurements = {{0, 0, "in_distribution", 0.0, "ceiling_chance", 9.0},
                            {0, 0, "in_distribution", 0.0, "ceiling_invariant", 1.0},
                            {0, 0, "test", 0.9, "ceiling_invariant", 1.0},
                            {0, 0, "test", 0.9, "ceiling_spurious_only", 5.0},
                            {0, 9, "in_distribution", 0.0, "loss", 1.2},
                            {0, 9, "test", 0.9, "loss", (good ? 2.0 : 4.0) + noise},
                            {0, 9, "test", 0.9, "gap", (good ? 0.8 : 2.8) + noise}};
    }
  }
  const auto table = trials.ask(kAskBoard).tables[1];
  CHECK(cell_in(table, "winner", "linear", "result") == "won");
  CHECK(cell_in(table, "winner", "linear", "normalised OOD").substr(0, 5) == "0.750");
  CHECK(cell_in(table, "winner", "linear", "rank") == "1.0 [1.0, 1.0]");
  CHECK(cell_in(table, "winner", "easy", "result") == "won");
}

TEST_CASE("without the baseline nobody wins, and methods are ranked all the same") {
  const auto answer =
      one_environment().ask("kind = \"leaderboard\"\nwhere = { method = \"winner\" }\n");
  CHECK_THAT(answer.sentence, Contains("No method shares seeds with the baseline erm"));
  CHECK(planted_cell(answer.tables.front(), "winner", "rank") == "1.0 [1.0, 1.0]");
}

TEST_CASE("an environment where OOD follows ID is said to rank no methods") {
  PlantedTrials trials;
  for (int i = 0; i < 6; ++i) {
    for (std::int64_t seed = 0; seed < kBoardSeeds; ++seed) {
      const double id = 0.6 + 0.05 * i + seed_noise(seed + i);
      TrialResult& trial = trials.add(i == 0 ? "erm" : "m" + std::to_string(i), seed, id,
                                      id - 0.1 + seed_noise(seed + 2 * i + 1, 0.001));
      trial.spec.evaluation = Value::Table{{"rows", 100000}};
    }
  }
  const auto answer = trials.ask(kAskBoard);
  CHECK(planted_cell(answer.tables[1], "world", "certificate") == "cannot rank methods");
  CHECK_THAT(answer.sentence, Contains("Cannot rank methods by robustness"));
  CHECK(planted_cell(one_environment().ask(kAskBoard).tables[1], "easy", "certificate") !=
        "cannot rank methods");
}
