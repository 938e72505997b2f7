// What a leaderboard says against its baseline and its controls, on planted scores.
#include <algorithm>

#include "analysis/questions/leaderboard/judge.hpp"
#include "catch.hpp"
#include "spurion/random.hpp"
#include "unit/analysis/planted.hpp"

using namespace spurion;
using namespace spurion::analysis::questions::leaderboard;
using Catch::Contains;
using tests::planted_cell;
using tests::PlantedTrials;
using tests::seed_noise;

namespace {

constexpr const char* kAskLeaderboard = "kind = \"leaderboard\"\n";

/// A contender whose scores are `mean`, what its seed adds to all, and noise of its own.
Contender contender(const std::string& name, const RandomKey& key, double mean) {
  constexpr std::int64_t kSeeds = 8;
  Contender one;
  one.key = name;
  one.differences = analysis::kDifference;
  one.learned = analysis::Learned::yes;
  for (std::int64_t seed = 0; seed < kSeeds; ++seed) {
    one.scores.add("", seed,
                   mean + 0.02 * RandomStream(key.child("seed")).normal(seed) +
                       0.02 * RandomStream(key.child(name)).normal(seed));
  }
  return one;
}

/// ERM, two methods and the two controls in one environment.
Contest contest(const RandomKey& key, double plain, double strong, double placebo, double oracle) {
  Contest all = {contender("erm", key, 0.2), contender("plain", key, plain),
                 contender("strong", key, strong), contender("shuffled", key, placebo),
                 contender("informed", key, oracle)};
  all[0].baseline = true;
  all[3].control = Control::placebo;
  all[4].control = Control::oracle;
  return all;
}

}  // namespace

TEST_CASE("where nothing differs few leaderboards say that something beats the baseline") {
  constexpr int kBoards = 500;
  int wrong = 0;
  for (int board = 0; board < kBoards; ++board) {
    const RandomKey key = RandomKey(7).child(static_cast<std::uint64_t>(board));
    const auto verdicts = judge({contest(key.child("first"), 0.2, 0.2, 0.2, 0.2),
                                 contest(key.child("second"), 0.2, 0.2, 0.2, 0.2)});
    bool any = false;
    for (const auto& of_contest : verdicts) {
      any = any || std::any_of(of_contest.begin(), of_contest.end(), [](const Verdict& one) {
              return beats_baseline(one.result) || one.result == Result::lost;
            });
    }
    wrong += any ? 1 : 0;
  }
  // 5 % of 500 are 25, with a standard deviation of 4.9.
  CHECK(wrong <= 40);
  CHECK(wrong > 0);
}

TEST_CASE("who beats the baseline but not the placebo has a verdict of its own") {
  const auto verdicts = judge({contest(RandomKey(1), 0.3, 0.5, 0.3, 0.7)}).front();
  CHECK(verdicts[0].result == Result::none);
  CHECK(verdicts[1].result == Result::won_as_placebo);
  CHECK(verdicts[2].result == Result::won);
  CHECK(verdicts[3].result == Result::won);  // the placebo itself, which has no other
  CHECK(verdicts[4].result == Result::won);
  CHECK(verdicts[1].placebo_difference.count > 0);
  CHECK(verdicts[3].placebo_difference.count == 0);
}

TEST_CASE("of several placebos the one that is least surely beaten counts") {
  Contest all = contest(RandomKey(2), 0.5, 0.5, 0.3, 0.7);
  all.push_back(contender("other", RandomKey(2), 0.5));
  all.back().control = Control::placebo;
  CHECK(judge({all}).front()[1].result == Result::won_as_placebo);
  std::swap(all[3], all.back());
  CHECK(judge({all}).front()[1].result == Result::won_as_placebo);
}

TEST_CASE("the share of the way to the oracle is that of the means") {
  Contest all = contest(RandomKey(3), 0.45, 0.2, 0.2, 0.7);
  const auto verdicts = judge({all}).front();
  REQUIRE(verdicts[1].oracle_share);
  const analysis::Estimate share = *verdicts[1].oracle_share;
  CHECK(share.value == Approx(0.5).margin(0.08));
  CHECK(share.low < share.value);
  CHECK(share.low > 0.3);
  CHECK(share.high < 0.7);
  CHECK(share.seeds == 8);
  CHECK_FALSE(verdicts[0].oracle_share);
  CHECK_FALSE(verdicts[4].oracle_share);
  // An oracle that is not shown to be better than the baseline is no measure.
  CHECK_FALSE(judge({contest(RandomKey(3), 0.45, 0.2, 0.2, 0.2)}).front()[1].oracle_share);
}

TEST_CASE("less is better for a loss") {
  Contest all = contest(RandomKey(4), 0.1, 0.4, 0.1, 0.05);
  for (Contender& one : all) {
    one.high = false;
    one.differences = {};
  }
  const auto verdicts = judge({all}).front();
  CHECK(verdicts[1].result == Result::won_as_placebo);
  CHECK(verdicts[2].result == Result::lost);
  REQUIRE(verdicts[1].oracle_share);
  CHECK(verdicts[1].oracle_share->value == Approx(0.1 / 0.15).margin(0.15));
}

namespace {

/// Five seeds of a method in an environment.
void plant(PlantedTrials& trials, const std::string& environment, const std::string& method,
           double ood) {
  for (std::int64_t seed = 0; seed < 5; ++seed) {
    const auto own = static_cast<std::int64_t>(method.size() + 2 * environment.size());
    trials.add(method, seed, 0.85, ood + seed_noise(seed + 2 * own + 1, 0.002))
        .spec.environment.name = environment;
  }
}

}  // namespace

TEST_CASE("a leaderboard names the controls that it lacks and uses those that it has") {
  PlantedTrials trials;
  for (const char* environment : {"easy", "hard"}) {
    plant(trials, environment, "erm", 0.2);
    plant(trials, environment, "shaped", 0.302);
    plant(trials, environment, "winner", 0.5);
  }
  CHECK_THAT(trials.ask(kAskLeaderboard).sentence,
             !Contains("there is no"));  // the store does not say
  trials.set_fact("control.shuffled", "placebo");
  trials.set_fact("control.informed", "oracle");
  CHECK_THAT(trials.ask(kAskLeaderboard).sentence,
             Contains("In experiment 'e' there is no shuffled (does a penalty gain") &&
                 Contains("and no informed (how far could a method come?)."));
  for (const char* environment : {"easy", "hard"}) {
    plant(trials, environment, "shuffled", 0.302);
    plant(trials, environment, "informed", 0.7);
  }
  const auto answer = trials.ask(kAskLeaderboard);
  const auto& overall = answer.tables.front();
  CHECK_THAT(answer.sentence, !Contains("there is no"));
  CHECK_THAT(answer.sentence,
             Contains("Of 4 methods over 2 environments winner has the best") &&
                 Contains("The oracle informed, which has no rank, reaches") &&
                 Contains("Of these not shown to be better than the control shuffled: shaped in 2 "
                          "of 2 environments.") &&
                 Contains("The control shuffled in 2 of 2 environments beats erm too") &&
                 Contains("Over the 2 environments with a scale together, shown to be better") &&
                 Contains("shaped by 0.15") && Contains("(control not beaten)") &&
                 Contains("so nothing can be shown about others"));
  CHECK(text_of(overall.rows.back().front()) == "informed");
  CHECK(planted_cell(overall, "informed", "rank") == "-");
  CHECK(planted_cell(overall, "winner", "result") == "won");
  CHECK(planted_cell(overall, "shaped", "result") == "won, control not beaten");
  CHECK(planted_cell(overall, "shaped", "control not beaten") == "2");
  CHECK(planted_cell(overall, "shaped", "wins") == "0");
  CHECK(planted_cell(overall, "winner", "share of oracle").substr(0, 4) == "0.60");
  CHECK(planted_cell(answer.tables[1], "winner", "share of oracle").substr(0, 4) == "0.60");
  CHECK(planted_cell(overall, "erm", "share of oracle") == "-");
  CHECK(planted_cell(overall, "shuffled", "control difference") == "-");
}

TEST_CASE("unequal numbers of samples are told") {
  PlantedTrials trials;
  trials.set_experiment(
      "[experiment.search]\nconfigurations = 2\n"
      "fields = [\"method.penalty_weight\"]\n");
  for (std::int64_t sample = 0; sample < 2; ++sample) {
    const auto step = static_cast<double>(sample);
    for (const char* method : {"erm", "v_rex"}) {
      for (std::int64_t seed = 0; seed < 3; ++seed) {
        TrialResult& trial = trials.add(method, seed, 0.85, 0.3 + 0.1 * step);
        trial.spec.config_index = sample;
        if (method[0] == 'v') {
          trial.spec.method.options = Value::Table{{"penalty_weight", 1.0 + step}};
        }
        trial.measurements.push_back({0, 9, "validation", 0.0, "accuracy", 0.8 + 0.01 * step});
      }
    }
  }
  for (const char* ask :
       {kAskLeaderboard, "kind = \"leaderboard\"\nselector = \"training_domain\"\n"}) {
    CAPTURE(ask);
    const auto answer = trials.ask(ask);
    CHECK(planted_cell(answer.tables.front(), "erm", "samples") == "1");
    CHECK(planted_cell(answer.tables.front(), "v_rex", "samples") == "2");
    CHECK_THAT(answer.sentence, Contains("Search budgets are unequal") &&
                                    Contains("1 sample of erm; 2 samples of v_rex"));
  }
}
