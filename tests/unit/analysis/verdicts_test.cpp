// Planted results whose truth is known: sentences and verdicts say it, and no more.
#include <cmath>

#include "analysis/gap_verdict.hpp"
#include "catch.hpp"
#include "spurion/analysis/results_view.hpp"
#include "unit/analysis/planted.hpp"

using namespace spurion;
using Catch::Contains;
using tests::planted_cell;
using tests::PlantedTrials;
using tests::seed_noise;

namespace {

constexpr const char* kAskMethods = "kind = \"compare_methods\"\n";
constexpr const char* kAskRegimes = "kind = \"compare_regimes\"\n";
constexpr const char* kAskGap = "kind = \"gap_against_scale\"\naxis = \"model.width\"\n";

/// ERM at .85 in distribution and .2 out of it, and another method.
PlantedTrials two_methods(double id, double ood, std::int64_t seeds = 5) {
  PlantedTrials trials;
  for (std::int64_t seed = 0; seed < seeds; ++seed) {
    trials.add("erm", seed, 0.85 + seed_noise(seed), 0.2 + seed_noise(seed + 1));
    trials.add("v_rex", seed, id + seed_noise(seed + 2), ood + seed_noise(seed + 3));
  }
  return trials;
}

}  // namespace

TEST_CASE("a method beats another by tests that say so, and says what seeds can show") {
  const auto answer = two_methods(0.75, 0.7).ask(kAskMethods);
  CHECK_THAT(answer.sentence, Contains("v_rex beats erm out of distribution by 0.5") &&
                                  Contains("paired t test p < .0001") &&
                                  Contains("sign-flip test p = 0.062)"));
  // What limits the tests is said once, behind the verdict.
  CHECK(answer.sentence.find("v_rex beats erm") == 0);
  CHECK_THAT(answer.sentence, Contains("). 5 seeds are too few for the sign-flip test (its p is at "
                                       "least 0.0625), so the paired t test alone decides."));
  const auto& table = answer.tables.front();
  CHECK(planted_cell(table, "v_rex", "learned") == "yes");
  CHECK(planted_cell(table, "v_rex", "seeds") == "5");
  CHECK(planted_cell(table, "v_rex", "p") == "< .0001");
  CHECK(planted_cell(table, "v_rex", "sign-flip p").substr(0, 4) == "0.06");
}

TEST_CASE("where no difference is shown none is claimed") {
  const auto same = two_methods(0.85, 0.201).ask(kAskMethods);
  CHECK_THAT(same.sentence,
             Contains("No difference between v_rex and erm is shown out of distribution"));
  CHECK_THAT(same.sentence, !Contains("differs") && !Contains("beats"));
  const auto one = two_methods(0.75, 0.7, 1).ask(kAskMethods);
  CHECK_THAT(one.sentence, Contains("one seed cannot show a difference") && !Contains("beats"));
}

TEST_CASE("what is not shown says why, where a number beside it seems to show it") {
  // Alone this difference is shown: its interval excludes 0, and p is .013.
  const auto ask = [](int others, double ahead = 0.003, double spread = 0.001) {
    PlantedTrials trials;
    for (std::int64_t seed = 0; seed < 5; ++seed) {
      trials.add("erm", seed, 0.85, 0.2).spec.evaluation = Value::Table{};
      const double own = 0.2 + ahead + spread * static_cast<double>(seed - 2);
      trials.add("v_rex", seed, 0.75, own).spec.evaluation = Value::Table{};
      for (int i = 0; i < others; ++i) {
        trials.add("other_" + std::to_string(i), seed, 0.75, 0.2 + seed_noise(seed))
            .spec.evaluation = Value::Table{};
      }
    }
    return trials.ask(kAskMethods);
  };
  CHECK_THAT(ask(0).sentence, Contains("v_rex beats erm"));
  const auto many = ask(6);
  CHECK(planted_cell(many.tables.front(), "v_rex", "OOD difference") == "0.003 [0.001, 0.005]");
  CHECK_THAT(
      many.sentence,
      Contains("No difference between v_rex and erm is shown out of distribution") &&
          Contains("the interval is of this difference alone, the p values are adjusted for 7"));
  // Seeds that all say the same tell nothing of how they vary.
  CHECK_THAT(ask(0, 0.003, 0.0).sentence,
             Contains("No difference") && Contains("every seed gave the same difference"));
  // (t[.975] + t[.8]) sqrt(2.5 / 5) * .001 = (2.776 + .941) .000707 with 4 degrees of freedom.
  CHECK_THAT(ask(0, 0.0).sentence,
             Contains("5 seeds like these show a difference of 0.003 in 4 of 5 cases"));
}

TEST_CASE("a p value above the level does not read as equal to it") {
  using analysis::Notation;
  using analysis::Number;
  CHECK(text_of(analysis::Cell(Number{0.0503, Notation::probability, 3})) == "0.0503");
  CHECK(text_of(analysis::Cell(Number{0.05001, Notation::probability, 3})) == "0.05001");
  CHECK(text_of(analysis::Cell(Number{0.0497, Notation::probability, 3})) == "0.050");
  CHECK(analysis::show_p(0.0503) == "p = 0.0503");
  CHECK(analysis::show_p(0.2) == "p = 0.200");
}

TEST_CASE("a method that did not learn beats nobody, for it is at chance everywhere") {
  const auto answer = two_methods(0.5, 0.5).ask(kAskMethods);
  CHECK_THAT(answer.sentence, Contains("v_rex did not learn: 0.500") && Contains("is no success") &&
                                  !Contains("beats"));
  CHECK(planted_cell(answer.tables.front(), "v_rex", "learned") == "no");
  // To beat what did not learn is said with that.
  PlantedTrials trials;
  for (std::int64_t seed = 0; seed < 5; ++seed) {
    trials.add("erm", seed, 0.5 + seed_noise(seed), 0.5 + seed_noise(seed + 1));
    trials.add("v_rex", seed, 0.75 + seed_noise(seed), 0.7 + seed_noise(seed + 2));
  }
  CHECK_THAT(trials.ask(kAskMethods).sentence,
             Contains("erm did not learn: 0.5") &&
                 Contains("v_rex beats erm, which did not learn, out of distribution"));
}

TEST_CASE("a method whose trials all failed keeps its row, with the first line of why") {
  PlantedTrials trials = two_methods(0.75, 0.7);
  for (std::int64_t seed = 0; seed < 6; ++seed) {
    trials.add_unfinished("group_dro", seed, Status::failed,
                          "needs() must ask for group_labels.\nException raised from f.cpp\n#1");
  }
  trials.add_unfinished("v_rex", 5, Status::diverged, "loss was not finite at step 3");
  for (const std::string question : {kAskMethods, kAskRegimes}) {
    const auto answer = trials.ask(question);
    CHECK_THAT(answer.sentence,
               Contains("group_dro: 6 of 6 trials failed: needs() must ask for group_labels. ") &&
                   !Contains("Exception"));
    // Those that are left are the survivors.
    CHECK_THAT(answer.sentence,
               Contains("v_rex: 1 of 6 trials diverged: loss was not finite at step 3; its numbers "
                        "come from the 5 that are done"));
  }
  const auto table = trials.ask(kAskMethods).tables.front();
  CHECK(planted_cell(table, "group_dro", "failed") == "6");
  CHECK(planted_cell(table, "group_dro", "trials") == "0");
  CHECK(planted_cell(table, "group_dro", "ID") == "-");
  CHECK(planted_cell(table, "v_rex", "diverged") == "1");
}

TEST_CASE("environments are not averaged into one row, and captions say what is") {
  PlantedTrials trials;
  for (std::int64_t seed = 0; seed < 4; ++seed) {
    for (const std::string world : {"easy", "hard"}) {
      for (const std::int64_t width : {8, 32}) {
        for (const std::string method : {"erm", "v_rex"}) {
          TrialResult& trial = trials.add(method, seed, 0.85 + seed_noise(seed),
                                          (world == "easy" ? 0.8 : 0.3) + seed_noise(seed + 1));
          trial.spec.environment.name = world;
          trial.spec.model.options = Value::Table{{"width", width}};
          trial.spec.method.options = Value::Table{{"l2", method == "erm" ? 0.0 : 0.001}};
        }
      }
    }
  }
  const auto answer = trials.ask(kAskMethods);
  const auto& table = answer.tables.front();
  REQUIRE(table.rows.size() == 4);
  CHECK(text_of(table.cell(0, "environment")) == "easy");
  CHECK(text_of(table.cell(0, "OOD")).substr(0, 4) == "0.80");
  CHECK(text_of(table.cell(3, "OOD")).substr(0, 4) == "0.30");
  CHECK(text_of(table.cell(0, "trials")) == "8");
  CHECK(text_of(table.cell(0, "seeds")) == "4");
  CHECK_THAT(table.caption, Contains("Averaged over model.width (8, 32)."));
  CHECK_THAT(table.caption, Contains("differ in l2 (erm 0.0, v_rex 0.001)") ||
                                Contains("differ in l2 (erm 0, v_rex 0.001)"));
  CHECK_THAT(answer.sentence, Contains("In hard: "));
}

TEST_CASE("a worst group is shown with its rows, which its interval knows") {
  PlantedTrials trials;
  for (std::int64_t seed = 0; seed < 2; ++seed) {
    TrialResult& trial = trials.add("erm", seed, 0.85, 0.2);
    trial.measurements.push_back({0, 9, "test", 0.9, "worst_group_accuracy", 0.2});
    trial.measurements.push_back({0, 9, "test", 0.9, "worst_group_rows", 5.0});
  }
  const auto table = trials.ask(kAskMethods).tables.front();
  CHECK(planted_cell(table, "erm", "group rows") == "5");
  // Two seeds that coincide: 1 of 5 is not known to a thousandth.
  CHECK(planted_cell(table, "erm", "worst group") == "0.200 [0.000, 0.418]");
}

namespace {

struct IdOod {
  double id;
  double ood;
};

/// One method at two widths: ID and OOD at each.
PlantedTrials at_widths(const IdOod& small, const IdOod& large, double spread = 0.004,
                        std::int64_t seeds = 5) {
  PlantedTrials trials;
  for (std::int64_t seed = 0; seed < seeds; ++seed) {
    trials.add("erm", seed, small.id + seed_noise(seed), small.ood + seed_noise(seed + 1, spread))
        .spec.model.options = Value::Table{{"width", 8}};
    trials
        .add("erm", seed, large.id + seed_noise(seed + 2), large.ood + seed_noise(seed + 3, spread))
        .spec.model.options = Value::Table{{"width", 64}};
  }
  return trials;
}

std::string verdict_of(const PlantedTrials& trials) {
  return text_of(trials.ask(kAskGap).tables.front().cell(0, "verdict"));
}

}  // namespace

TEST_CASE("a gap closes, grows, stays or overshoots") {
  CHECK(verdict_of(at_widths({0.85, 0.3}, {0.75, 0.749})) == "closes");
  CHECK(verdict_of(at_widths({0.75, 0.75}, {0.75, 0.749})) == "no gap");
  CHECK(verdict_of(at_widths({0.5, 0.5}, {0.75, 0.749})) == "no gap");
  CHECK(verdict_of(at_widths({0.85, 0.6}, {0.85, 0.3})) == "grows");
  CHECK(verdict_of(at_widths({0.85, 0.3}, {0.85, 0.6})) == "shrinks, still open");
  CHECK(verdict_of(at_widths({0.85, 0.3}, {0.85, 0.3})) == "plateaus");
  CHECK(verdict_of(at_widths({0.85, 0.3}, {0.7, 0.75})) == "overshoots");
}

TEST_CASE("a gap that was never there above 0 is not said to close or to grow") {
  const std::vector<double> noise{-0.002, -0.001, 0.0, 0.001, 0.002};
  const auto around = [&](double value) {
    analysis::BySeed seeds;
    for (std::size_t i = 0; i < noise.size(); ++i) {
      seeds[static_cast<std::int64_t>(i)] = value + noise[i];
    }
    return analysis::mean_over_seeds({seeds}, "planted");
  };
  const auto outcome = [&](double first, double last) {
    return analysis::gap_outcome({{8.0, around(first), analysis::Learned::yes},
                                  {64.0, around(last), analysis::Learned::yes}},
                                 around(last - first), 0.02);
  };
  CHECK(outcome(0.3, 0.0) == analysis::GapOutcome::closes);
  CHECK(outcome(-0.3, 0.0) == analysis::GapOutcome::closed_there);
  CHECK(outcome(-0.3, 0.02) == analysis::GapOutcome::undecided);
  CHECK(outcome(-0.3, 0.2) == analysis::GapOutcome::grows);
  CHECK(analysis::gap_headline(analysis::GapOutcome::closed_there) == "Undecided");
  // A gap that may be closed is no success where it is not shown that the model learned.
  const auto shrunk = [&](analysis::Learned learned) {
    return analysis::gap_outcome(
        {{8.0, around(0.3), analysis::Learned::yes}, {64.0, around(0.02), learned}}, around(-0.28),
        0.02);
  };
  CHECK(shrunk(analysis::Learned::yes) == analysis::GapOutcome::shrinks);
  CHECK(shrunk(analysis::Learned::unsure) == analysis::GapOutcome::learning_unsure);
}

TEST_CASE("no gap is closed by a model that did not learn") {
  CHECK(verdict_of(at_widths({0.85, 0.3}, {0.5, 0.5})) == "collapsed");
  CHECK(verdict_of(at_widths({0.5, 0.5}, {0.5, 0.5})) == "did not learn");
  CHECK(verdict_of(at_widths({0.85, 0.3}, {0.5, 0.6})) == "collapsed");
  CHECK(verdict_of(at_widths({0.85, 0.3}, {0.626, 0.625})) == "learning not shown");
  CHECK_THAT(
      at_widths({0.85, 0.3}, {0.5, 0.5}).ask(kAskGap).sentence,
      Contains("No: under erm") && Contains("did not learn there but learned at a smaller scale"));
  // It learned, but less than causal features give: told, as is any such success.
  const auto overshoots = at_widths({0.85, 0.3}, {0.66, 0.72}).ask(kAskGap).sentence;
  CHECK_THAT(overshoots, Contains("it overshoots; in distribution it scores 0.66") &&
                             Contains("the invariant ceiling is 0.750"));
}

TEST_CASE("what is certain of a gap is said though its change is not") {
  const auto answer = at_widths({0.95, 0.1}, {0.95, 0.1}, 0.05).ask(kAskGap);
  CHECK(text_of(answer.tables.front().cell(0, "verdict")) == "open");
  CHECK_THAT(answer.sentence,
             Contains("No: under erm the gap is 0.85") &&
                 Contains("it is open there, and a change larger than the margin is not shown") &&
                 !Contains("may do either"));
  const auto unsure = at_widths({0.85, 0.5}, {0.75, 0.74}, 0.06).ask(kAskGap);
  CHECK_THAT(unsure.sentence, Contains("Undecided"));
  const auto one = at_widths({0.85, 0.3}, {0.75, 0.749}, 0.0, 1).ask(kAskGap);
  CHECK_THAT(one.sentence, Contains("Undecided") && Contains("one seed only"));
}

TEST_CASE("a change keeps to what it can be") {
  // Two seeds far apart: Student's interval of one degree of freedom goes beyond what gaps can do.
  PlantedTrials trials;
  for (std::int64_t seed = 0; seed < 2; ++seed) {
    const double sign = seed == 0 ? 0.4 : -0.4;
    trials.add("erm", seed, 0.9, 0.5 + sign).spec.model.options = Value::Table{{"width", 8}};
    trials.add("erm", seed, 0.9, 0.5 - sign).spec.model.options = Value::Table{{"width", 64}};
  }
  CHECK(text_of(trials.ask(kAskGap).tables.front().cell(0, "change")) == "0.000 [-2.000, 2.000]");
  const auto trend = trials.ask(
      "kind = \"trend\"\naxis = \"model.width\"\nclaim = \"falls\"\nmetric = \"accuracy\"\n");
  CHECK(text_of(trend.tables.front().cell(0, "change")) == "0.000 [-1.000, 1.000]");
  CHECK(text_of(trend.tables.front().cell(0, "claim")) == "undecided");
}

TEST_CASE("a trend to what did not learn is no success") {
  const std::string falls =
      "kind = \"trend\"\naxis = \"model.width\"\nclaim = \"falls\"\nmetric = \"gap\"\n";
  const auto answer = at_widths({0.85, 0.3}, {0.5, 0.5}).ask(falls);
  CHECK(text_of(answer.tables.front().cell(0, "claim")) == "did not learn");
  CHECK_THAT(answer.sentence, Contains("erm did not learn at model.width = 64. ") &&
                                  Contains("is no success") && !Contains("Yes"));
  CHECK(text_of(at_widths({0.85, 0.3}, {0.75, 0.7}).ask(falls).tables.front().cell(0, "claim")) ==
        "holds");
}

TEST_CASE("numbers that are missing or not numbers are left out, not counted") {
  PlantedTrials trials = two_methods(0.75, 0.7);
  tests::set_number(trials.all()[1], "test", "accuracy", std::nan(""));  // v_rex, seed 0
  const auto answer = trials.ask(kAskMethods);
  CHECK(planted_cell(answer.tables.front(), "v_rex", "seeds") == "4");
  CHECK_THAT(answer.sentence,
             Contains("4 seeds are too few for the sign-flip test (its p is at least 0.125)") &&
                 !Contains("nan"));
}

TEST_CASE("published numbers that were not all run are not all confirmed") {
  const PlantedTrials trials = two_methods(0.75, 0.7);
  const std::string row =
      "{ label = \"one\", domain = \"test\", metric = \"accuracy\", value = 0.45, spread = 0.25, "
      "runs = 5 }";
  const std::string missing =
      "{ label = \"two\", domain = \"test\", metric = \"ece\", value = 0.4, spread = 0.1, runs = 5 "
      "}";
  CHECK_THAT(trials.ask("kind = \"published\"\nrows = [" + row + "]\n").sentence,
             Contains("Yes. one"));
  CHECK_THAT(trials.ask("kind = \"published\"\nrows = [" + row + ", " + missing + "]\n").sentence,
             Contains("Yes, for 1 of 2 numbers (the others are missing in the trials). "));
}

TEST_CASE("a regression is judged by its squared error") {
  const auto sentence = [](double id, double ood) {
    PlantedTrials trials;
    for (std::int64_t seed = 0; seed < 5; ++seed) {
      for (const std::int64_t width : {8, 64}) {
        TrialResult& trial = trials.add("erm", seed, 0.0, 0.0);
        trial.spec.model.options = Value::Table{{"width", width}};
        const double own = width == 8 ? 0.3 : id;
        const double out = width == 8 ? 4.0 : ood;
        trial.measurements = {{0, 0, "in_distribution", 0.0, "ceiling_chance", 2.0},
                              {0, 0, "in_distribution", 0.0, "ceiling_invariant", 1.0},
                              {0, 9, "in_distribution", 0.0, "loss", own + seed_noise(seed)},
                              {0, 9, "test", 0.9, "loss", out + seed_noise(seed + 1)},
                              {0, 9, "test", 0.9, "gap", out - own + seed_noise(seed + width)}};
      }
    }
    return trials.ask(kAskGap).sentence;
  };
  CHECK_THAT(sentence(1.0, 1.005), Contains("Yes: ") && Contains("it closes"));
  CHECK_THAT(sentence(2.0, 2.0), Contains("No: ") && Contains("the model did not learn there"));
  CHECK_THAT(sentence(1.0, 3.0), Contains("No: ") && Contains("shrinks, still open"));
}

TEST_CASE("no p value is told as 0") {
  CHECK(analysis::show_p(0.0) == "p < .0001");
  CHECK(analysis::show_p(1e-7) == "p < .0001");
  CHECK(analysis::show_p(0.0004) == "p = 0.0004");
  CHECK(analysis::show_p(0.25) == "p = 0.250");
  using analysis::Notation;
  using analysis::Number;
  for (const int digits : {3, 4}) {
    CHECK(text_of(Number{0.0, Notation::probability, digits}) == "< .0001");
    CHECK(text_of(Number{1e-300, Notation::probability, digits}) == "< .0001");
  }
  CHECK(text_of(Number{0.25, Notation::probability, 3}) == "0.250");
}
