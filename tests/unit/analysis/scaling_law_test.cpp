// Planted gaps along a scale: the answer to a question of kind scaling_law says what was planted.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <string>

#include "catch.hpp"
#include "unit/analysis/planted_law.hpp"

namespace spurion::tests::scaling_law {

using Catch::Contains;

TEST_CASE("a scaling law says that a planted gap closes, and on what that rests") {
  const auto answer = planted(closing).ask(kAsk + "hypothesis = \"closes\"\n");
  CHECK(verdict_of(answer) == "closes");
  CHECK(planted_cell(table_of(answer, "_verdicts"), "erm", "claim") == "holds");
  CHECK(planted_cell(table_of(answer, "_verdicts"), "erm", "seeds to decide") == "-");
  // With its interval, which holds 0: the planted law is predicted.
  const analysis::Estimate ahead =
      std::get<analysis::Interval>(table_of(answer, "_verdicts").cell(0, "error at largest"))
          .estimate;
  CHECK(ahead.low < 0.0);
  CHECK(ahead.high > 0.0);
  CHECK(ahead.high - ahead.low < 0.05);
  CHECK_THAT(answer.sentence, Contains("Yes. Under erm the gap is 0.") &&
                                  Contains("8 scales, 2.1 decades, 6 seeds") &&
                                  Contains("The chosen law is ") &&
                                  Contains("the last value carried forward") &&
                                  Contains("(prediction minus mean at the largest: ") &&
                                  Contains("The hypothesis \"closes\" holds.") &&
                                  Contains("Verdicts use a margin of 0.02"));
  CHECK(table_of(answer, "_laws").rows.size() > 4);
  const analysis::Table& scales = table_of(answer, "_scales");
  REQUIRE(scales.rows.size() == 8);
  CHECK(text_of(scales.cell(0, "repeats")) == "50");
  CHECK(text_of(scales.cell(7, "held out")) == "yes");
  CHECK(text_of(scales.cell(0, "held out")) == "no");
}

TEST_CASE("a scaling law says that a planted gap plateaus, and what would change that") {
  const auto answer = planted(plateau).ask(kAsk + "hypothesis = \"closes\"\nprimary = true\n");
  CHECK(verdict_of(answer) == "plateaus");
  CHECK(planted_cell(table_of(answer, "_verdicts"), "erm", "claim") == "refuted");
  CHECK_THAT(answer.sentence, Contains("No. Under erm") && Contains("would change the answer") &&
                                  Contains("This is the primary hypothesis of the suite"));
  CHECK_THAT(planted_cell(table_of(answer, "_verdicts"), "erm", "g_inf"), Contains("0.10"));
}

TEST_CASE("a gap that stays open where the score in distribution does too is no finding") {
  PlantedTrials trials;
  Planted line;
  line.gap = plateau;
  line.shortfall = [](double width) { return 0.05 + 0.4 / width; };
  plant(trials, line);
  const auto answer = trials.ask(kAsk);
  CHECK(verdict_of(answer) == "under-trained");
  CHECK_THAT(answer.sentence, Contains("Longer training or more rows would change the answer."));
  // Nobody looks where the ceiling is not asked for.
  CHECK(verdict_of(trials.ask(kAsk + "id_ceiling = \"none\"\n")) == "plateaus");
}

TEST_CASE("a model that learned nothing at the largest scale has no law") {
  PlantedTrials trials;
  Planted line;
  line.gap = [](double width) { return width > 100 ? 0.0 : 0.3; };
  line.shortfall = [](double width) { return width > 100 ? 0.4 : 0.0; };
  plant(trials, line);
  CHECK(verdict_of(trials.ask(kAsk)) == "collapsed");
}

TEST_CASE("a scaling law is not judged by few scales, and says so") {
  PlantedTrials trials;
  for (std::int64_t seed = 0; seed < 5; ++seed) {
    trials.add("erm", seed, 0.85, 0.3).spec.model.options = Value::Table{{"width", 8}};
    trials.add("erm", seed, 0.75, 0.7).spec.model.options = Value::Table{{"width", 64}};
  }
  const auto answer = trials.ask(kAsk);
  CHECK(verdict_of(answer) == "undecided");
  CHECK_THAT(answer.sentence, Contains("fewer than 5 scales"));
  // A scale that is not above 0 has no logarithm.
  trials.add("erm", 0, 0.85, 0.3).spec.model.options = Value::Table{{"width", 0}};
  CHECK_THAT(trials.ask(kAsk).sentence, Contains("model.width = 0 is not above 0"));
}

TEST_CASE("axes that name one field twice are refused") {
  CHECK_THROWS_WITH(planted(closing).ask(kAsk + "second_axis = \"model.width\"\n"),
                    Contains("two axes name the same field"));
}

TEST_CASE("environments are lines of their own, and controls are counted over the suite") {
  PlantedTrials trials;
  Planted line;
  line.gap = plateau;
  plant(trials, line);
  line.gap = [](double) { return 0.0; };
  line.environment = "control_no_shift";
  plant(trials, line);
  const auto answer = trials.ask(kAsk);
  CHECK(table_of(answer, "_verdicts").rows.size() == 2);
  CHECK_THAT(answer.sentence, Contains("Under erm in world") &&
                                  Contains("Where the truth is known (controls) 1 of 1 verdict is "
                                           "right and 0 wrong."));
  const analysis::Table& controls = table_of(answer, "_controls");
  CHECK(planted_cell(controls, "control_no_shift", "right") == "1");
  CHECK(planted_cell(controls, "control_no_cue", "judged") == "0");
}

TEST_CASE("curves are planted into the noise of the trials, and mostly judged rightly") {
  std::string ask = kAsk;
  ask.replace(ask.find("planted = 0"), 11, "planted = 3");
  const analysis::Answer answer = planted(plateau).ask(ask);
  const analysis::Table& controls = table_of(answer, "_controls");
  for (const std::string control :
       {"planted plateau, 0.4 to 0.1", "planted closing, 0.4 to 0.005"}) {
    CAPTURE(control);
    CHECK(planted_cell(controls, control, "judged") == "3");
    CHECK(planted_cell(controls, control, "wrong") == "0");
  }
}

TEST_CASE("verdicts are adjusted for all scaling laws of the suite, also of other questions") {
  PlantedTrials trials;
  Planted line;
  for (const std::string method : {"erm", "v_rex", "irm_v1"}) {
    line.method = method;
    line.gap = method == "erm" ? Curve(plateau) : Curve(closing);
    plant(trials, line);
  }
  const auto one = trials.ask(kAsk + "where = { method = \"erm\" }\n");
  const std::string other = "[[question]]\ntext = \"other\"\nexperiment = \"e\"\n" + kAsk +
                            "where = { method = \"v_rex\" }\n";
  const auto two = trials.ask(kAsk + "where = { method = \"erm\" }\n" + other);
  CHECK_THAT(one.sentence, Contains("are adjusted for 1 verdict of the suite"));
  CHECK_THAT(two.sentence, Contains("are adjusted for 2 verdicts of the suite"));
  const auto p = [](const analysis::Answer& answer, const char* column) {
    const analysis::Table& table = table_of(answer, "_verdicts");
    return std::get<analysis::Number>(table.cell(0, column)).value;
  };
  CHECK(p(one, "p") == p(two, "p"));
  CHECK(p(one, "adjusted p") == p(one, "p"));
  CHECK(p(two, "adjusted p") >= p(one, "adjusted p"));
  // The same question asked twice is one verdict.
  CHECK_THAT(
      trials.ask(kAsk + "[[question]]\ntext = \"again\"\nexperiment = \"e\"\n" + kAsk).sentence,
      Contains("are adjusted for 3 verdicts of the suite"));
}

TEST_CASE("a verdict that is not shown as one of so many is undecided, and says what it was") {
  std::string ask = kAsk;
  ask.replace(ask.find("resamples = 100"), 15, "resamples = 50");
  const auto p_of = [](const analysis::Answer& answer) {
    return std::get<analysis::Number>(table_of(answer, "_verdicts").cell(0, "p")).value;
  };
  // Noise with which a closing gap is just shown.
  PlantedTrials trials;
  double p = 0.0;
  for (const double size : {0.012, 0.016, 0.02, 0.024, 0.028}) {
    trials = PlantedTrials();
    Planted line;
    line.gap = closing;
    line.size = size;
    plant(trials, line);
    const auto alone = trials.ask(ask);
    p = p_of(alone);
    if (p > 0.002 && verdict_of(alone) == "closes") break;
  }
  REQUIRE(p > 0.002);
  REQUIRE(p <= 0.05);
  std::string questions = ask;
  for (int i = 1; i * p <= 0.06; ++i) {
    questions += fmt::format(
        "[[question]]\ntext = \"{0}\"\nexperiment = \"e\"\n{1}margin = 0.020000000{0:02}\n", i,
        ask);
  }
  const auto answer = trials.ask(questions);
  CHECK(verdict_of(answer) == "undecided");
  CHECK(planted_cell(table_of(answer, "_verdicts"), "erm", "reason") ==
        "alone: closes, but it is not shown as one of so many verdicts (Holm)");
  CHECK_THAT(answer.sentence, Contains("Alone the verdict would be \"closes\" (p = "));
  // It has 6 seeds. More are needed to show it as one of so many.
  const analysis::Table& verdicts = table_of(answer, "_verdicts");
  CHECK(std::get<std::int64_t>(verdicts.cell(0, "seeds to decide")) > 6);
  CHECK(text_of(verdicts.cell(0, "decades to decide")) == "-");
}

TEST_CASE("a growth that is not shown as one of so many leaves the gap open") {
  std::string ask = kAsk;
  ask.replace(ask.find("resamples = 100"), 15, "resamples = 50");
  const auto p_of = [](const analysis::Answer& answer) {
    return std::get<analysis::Number>(table_of(answer, "_verdicts").cell(0, "p")).value;
  };
  // Noise with which a growth beyond the margin is just shown.
  PlantedTrials trials;
  double p = 0.0;
  for (const double size : {0.02, 0.024, 0.016, 0.012}) {
    trials = PlantedTrials();
    Planted line;
    line.gap = [](double width) { return 0.2 + 0.0072 * std::log2(width / 4.0); };
    line.size = size;
    plant(trials, line);
    const auto alone = trials.ask(ask + "hypothesis = \"plateaus\"\n");
    p = p_of(alone);
    if (verdict_of(alone) != "grows") continue;
    CHECK(planted_cell(table_of(alone, "_verdicts"), "erm", "claim") == "refuted");
    CHECK_THAT(alone.sentence, Contains("it does not settle, for it grows"));
    if (p > 0.002) break;
  }
  REQUIRE(p > 0.002);
  REQUIRE(p <= 0.05);
  std::string questions = ask + "hypothesis = \"plateaus\"\n";
  for (int i = 1; i * p <= 0.06; ++i) {
    questions += fmt::format(
        "[[question]]\ntext = \"{0}\"\nexperiment = \"e\"\n{1}margin = 0.020000000{0:02}\n", i,
        ask);
  }
  const auto answer = trials.ask(questions);
  CHECK(verdict_of(answer) == "open");
  CHECK(planted_cell(table_of(answer, "_verdicts"), "erm", "claim") == "undecided");
  CHECK_THAT(planted_cell(table_of(answer, "_verdicts"), "erm", "reason"),
             Contains("alone: grows, but") && Contains("that it is open is (p "));
  CHECK_THAT(answer.sentence, Contains("No. Under erm") &&
                                  Contains("it is open at the largest scale") &&
                                  Contains("Alone the verdict would be \"grows\""));
  CHECK_FALSE(answer.contrasts.front().decided);
}

TEST_CASE("a look at a run that may stop early has a part of the level") {
  PlantedTrials trials = planted(closing);
  const auto p_of = [](const analysis::Answer& answer, const char* column) {
    return std::get<analysis::Number>(table_of(answer, "_verdicts").cell(0, column)).value;
  };
  std::string ask = kAsk;
  ask.replace(ask.find("resamples = 100"), 15, "resamples = 50");
  const auto whole = trials.ask(ask);
  REQUIRE(verdict_of(whole) == "closes");
  CHECK(whole.contrasts.front().decided);
  // Six of twelve seeds: the level of this look is .0056.
  trials.set_experiment("seeds = 12\n[stopping]\nstop_when = \"decided\"\nlooks = [6]\n");
  const auto look = trials.ask(ask);
  CHECK(p_of(look, "p") == p_of(whole, "p"));
  CHECK(p_of(look, "adjusted p") == Approx(8.98 * p_of(whole, "p")).epsilon(0.02));
  CHECK_THAT(look.sentence, Contains("one of several looks"));
  CHECK(look.contrasts.front().decided == (verdict_of(look) == "closes"));
}

TEST_CASE("charts have points with their law, and theory as a line; files have each trial") {
  PlantedTrials trials = planted(plateau);
  for (TrialResult& trial : trials.all()) {
    const double width = trial.spec.model.options.find("width")->as_number();
    trial.measurements.push_back({0, 0, "test", 0.9, "theory_gap", plateau(width)});
    trial.measurements.push_back({0, 0, "test", 0.9, "theory_gap_error", 0.0});
  }
  const auto answer = trials.ask(kAsk);
  CHECK_THAT(planted_cell(table_of(answer, "_verdicts"), "erm", "theory within"),
             Contains(" of 8"));
  REQUIRE(answer.charts.size() > 2);
  const analysis::Chart& gap = answer.charts.front();
  CHECK(gap.log_x);
  CHECK(gap.log_y);
  CHECK(gap.series[0].look == analysis::SeriesLook::points);
  CHECK(gap.series[0].is_held_out(7));
  CHECK(gap.series[1].look == analysis::SeriesLook::curve);
  CHECK(gap.series[1].colour_of == 0);
  CHECK(gap.series[2].name == "theory");
  const analysis::Table& points = table_of(answer, "_points");
  CHECK(points.file_only);
  CHECK(points.rows.size() == 48);
  CHECK(table_of(answer, "_fit_draws").rows.size() == 100);
  // Each of five laws at each of eight widths; the two largest were predicted too.
  const analysis::Table& residuals = table_of(answer, "_residuals");
  CHECK(residuals.file_only);
  REQUIRE(residuals.rows.size() == 40);
  CHECK(text_of(residuals.cell(5, "extrapolated value")) == "-");
  const auto number = [&](const char* column) {
    return std::get<analysis::Number>(residuals.cell(7, column)).value;
  };
  CHECK(number("extrapolated value") == Approx(number("value")).margin(0.01));
  CHECK(std::abs(number("residual")) < 4.0);
}

TEST_CASE("a gap stands beside those of predictors whose scores are known exactly") {
  PlantedTrials trials = planted(plateau);
  for (TrialResult& trial : trials.all()) {
    trial.measurements.push_back({0, 0, "in_distribution", 0.0, "ceiling_spurious_only", 0.85});
    trial.measurements.push_back({0, 0, "in_distribution", 0.0, "ceiling_population_erm", 0.89});
    trial.measurements.push_back({0, 0, "test", 0.9, "ceiling_population_erm", 0.787});
  }
  const auto answer = trials.ask(kAsk);
  CHECK(planted_cell(table_of(answer, "_verdicts"), "erm", "exact gaps") ==
        "invariant 0.000, cue only 0.750, unlimited rows 0.103");
  CHECK_THAT(answer.sentence,
             Contains("Exact gaps there: invariant 0.000, cue only 0.750, unlimited rows 0.103."));
  const analysis::Chart& gap = answer.charts.front();
  REQUIRE(gap.series.size() == 5);
  CHECK(gap.series[2].name == "gap of cue only");
  CHECK(gap.series[3].name == "gap of unlimited rows");
  CHECK(gap.series[3].y[7].value == Approx(0.103));
  CHECK(gap.series[4].name == "margin");
  // Of another number nothing is known, nor of a gap after a stream.
  const auto flips = trials.ask(kAsk + "metric = \"accuracy\"\n");
  CHECK(planted_cell(table_of(flips, "_verdicts"), "erm", "exact gaps") == "-");
  for (TrialResult& trial : trials.all()) {
    trial.measurements.push_back({1, 9, "phase_1", 0.5, "accuracy", 0.8});
  }
  const auto streamed = trials.ask(kAsk);
  CHECK(planted_cell(table_of(streamed, "_verdicts"), "erm", "exact gaps") == "-");
}

TEST_CASE("two axes give a joint law and a map with the boundary of the margin") {
  PlantedTrials trials;
  for (std::int64_t seed = 0; seed < 4; ++seed) {
    for (const std::int64_t width : {4, 16, 64, 256}) {
      for (const std::int64_t rows : {100, 400, 1600, 6400}) {
        const double gap = 1.0 / static_cast<double>(width) + 10.0 / static_cast<double>(rows) +
                           noise_of(seed, width * rows, 0.003);
        TrialResult& trial = trials.add("erm", seed, 0.9, 0.9 - gap);
        trial.spec.model.options = Value::Table{{"width", width}};
        trial.spec.training = Value::Table{{"rows", rows}};
      }
    }
  }
  const auto answer = trials.ask(kAsk + "second_axis = \"training.rows\"\n");
  REQUIRE_FALSE(answer.charts.empty());
  const analysis::Chart& map = answer.charts.front();
  CHECK(map.kind == analysis::ChartKind::heat_map);
  CHECK(map.series.size() == 4);
  REQUIRE(map.levels.size() == 1);
  CHECK(map.levels.front().value == 0.02);
  CHECK_THAT(answer.sentence, Contains("model.width = 4 and training.rows = 100"));
}

TEST_CASE("a scaling law follows any number that is 0 where nothing is wrong") {
  PlantedTrials trials = planted(closing);
  for (TrialResult& trial : trials.all()) {
    const double gap = std::max(0.0, trial.measurements.last("test", "gap").value_or(0.0));
    trial.measurements.push_back({0, 9, "test", 0.9, "worst_group_accuracy", 1.0 - gap});
    trial.measurements.push_back({0, 9, "test", 0.9, "flip_rate", gap});
  }
  for (const std::string metric : {"worst_group_error", "flip_rate"}) {
    const auto answer = trials.ask(kAsk + "metric = \"" + metric + "\"\n");
    CHECK(verdict_of(answer) == "closes");
    CHECK(table_of(answer, "_points").name.find(metric) != std::string::npos);
  }
}

}  // namespace spurion::tests::scaling_law
