// The question kind 'authenticity': probes beside what interventions find, on planted models.
#include <algorithm>
#include <cmath>
#include <string>

#include "analysis/questions/authenticity/calibration.hpp"
#include "analysis/questions/authenticity/probe_lines.hpp"
#include "spurion/analysis/glossary.hpp"
#include "spurion/error.hpp"
#include "spurion/random.hpp"
#include "unit/analysis/planted.hpp"

using namespace spurion;
using namespace spurion::tests;
using namespace spurion::analysis::questions::authenticity;
using Catch::Contains;
using Catch::StartsWith;

namespace {

constexpr const char* kAskProbes = "kind = \"authenticity\"\n";

/// Thirty models of each width whose reliance goes from 0 to 1, with probes that see all of it,
/// half of it, nothing, and the opposite.
PlantedTrials probed_models() {
  PlantedTrials trials;
  const RandomStream stream(RandomKey(3).child("probed models"));
  for (std::int64_t width : {8, 64}) {
    for (std::int64_t seed = 0; seed < 30; ++seed) {
      TrialResult& trial = trials.add("erm", seed, 0.9, 0.5);
      trial.spec.model.options = Value::Table{{"width", width}};
      const double reliance = static_cast<double>((7 * seed) % 30) / 29.0;
      const auto noise = [&](std::int64_t lane, double size) {
        return size * stream.normal(seed, 10 * width + lane);
      };
      const auto put = [&](const std::string& metric, double value) {
        trial.measurements.push_back({0, 9, "in_distribution", 0.0, metric, value});
      };
      put("output_change_colour", reliance);
      put("probe_sees_on_colour", reliance + noise(0, 0.02));
      put("probe_half_on_colour", 0.5 * reliance + noise(1, width == 8 ? 0.02 : 0.4));
      put("probe_constant_on_colour", 0.05);
      put("probe_against_on_colour", 1.0 - reliance + noise(2, 0.02));
    }
  }
  return trials;
}

}  // namespace

TEST_CASE("a probe is authentic, blind or reversed by how it ranks models") {
  const analysis::Answer answer = probed_models().ask(kAskProbes);
  REQUIRE(answer.tables.size() == 1);
  const analysis::Table& table = answer.tables.front();
  const auto cell = [&](const char* probe, const char* column) {
    return planted_cell(table, fmt::format("probe_{}_on_colour", probe), column);
  };
  CHECK(cell("sees", "authenticity") == "authentic");
  CHECK(cell("constant", "authenticity") == "blind to the cue");
  CHECK(cell("constant", "rank agreement") == "-");
  CHECK(cell("constant", "calibration slope") == "-");
  CHECK(cell("against", "authenticity") == "reversed");
  CHECK(cell("sees", "compared with") == "output_change_colour");
  CHECK(cell("sees", "models") == "60");
  CHECK(cell("sees", "seeds") == "30");
  // The constant probe says that all are clean; 42 of 60 have a reliance above .3.
  CHECK(cell("constant", "said clean") == "60");
  CHECK_THAT(cell("constant", "false reassurance"), Contains("0.700"));
  CHECK_THAT(cell("sees", "false reassurance"), Contains("0.000"));
  CHECK_THAT(answer.sentence,
             Contains("probe_constant_on_colour is blind to the cue. Of 60 models that it calls "
                      "clean, 42 are confused."));
  for (const analysis::Column& column : table.columns) {
    CAPTURE(column.title);
    CHECK(analysis::term_of({column.title}) != nullptr);
  }
  CHECK(answer.charts.size() == 6);
}

TEST_CASE("agreement along a scale rises or falls, and controls stand apart") {
  PlantedTrials trials = probed_models();
  for (std::int64_t seed = 0; seed < 4; ++seed) {
    TrialResult& trial = trials.add("random_labels", seed, 0.5, 0.5);
    trial.spec.model.options = Value::Table{{"width", 8}};
    const auto put = [&](const std::string& metric, double value) {
      trial.measurements.push_back({0, 9, "in_distribution", 0.0, metric, value});
    };
    put("output_change_colour", 0.0);
    put("probe_half_on_colour", 0.4 + seed_noise(seed));
  }
  const analysis::Answer answer =
      trials.ask(std::string(kAskProbes) +
                 "probes = [\"probe_half_on_colour\"]\naxis = \"model.width\"\n"
                 "controls = { method = \"random_labels\" }\n");
  REQUIRE(answer.tables.size() == 3);
  const std::string probe = "probe_half_on_colour";
  CHECK(planted_cell(answer.tables[0], probe, "models") == "30");
  CHECK(planted_cell(answer.tables[1], probe, "first") == "8");
  CHECK(planted_cell(answer.tables[1], probe, "last") == "64");
  CHECK(planted_cell(answer.tables[1], probe, "along the axis") == "agreement falls");
  CHECK_THAT(planted_cell(answer.tables[2], probe, "probe of controls"), Contains("0.4"));
  CHECK_THAT(planted_cell(answer.tables[2], probe, "truth of controls"), Contains("0.000"));
  CHECK_THAT(answer.sentence,
             Contains("The agreement of probe_half_on_colour falls from model.width = 8 to 64"));
  for (const analysis::Table& table : answer.tables) {
    for (const analysis::Column& column : table.columns) {
      CAPTURE(column.title);
      CHECK(analysis::term_of({column.title}) != nullptr);
    }
  }
}

TEST_CASE("sanity controls in an environment of their own are shown too") {
  PlantedTrials trials = probed_models();
  for (std::int64_t seed = 0; seed < 4; ++seed) {
    TrialResult& trial = trials.add("erm", seed, 0.5, 0.5);
    trial.spec.environment = {"random_world", Value::Table{}};
    trial.measurements.push_back({0, 9, "in_distribution", 0.0, "output_change_colour", 0.0});
    trial.measurements.push_back({0, 9, "in_distribution", 0.0, "probe_half_on_colour", 0.4});
  }
  const analysis::Answer answer =
      trials.ask(std::string(kAskProbes) + "controls = { environment = \"random_world\" }\n");
  REQUIRE(answer.tables.size() == 2);
  CHECK(answer.tables[0].rows.size() == 4);
  REQUIRE(answer.tables[1].rows.size() == 1);
  CHECK(text_of(answer.tables[1].cell(0, "environment")) == "random_world");
  CHECK_THAT(text_of(answer.tables[1].cell(0, "probe of controls")), Contains("0.400"));
}

TEST_CASE("an answer begins with its verdicts, and tells many of them by probe") {
  const std::string few = probed_models().ask(kAskProbes).sentence;
  CHECK_THAT(few, StartsWith("4 probes get 4 verdicts: 1 authentic, 1 partly authentic, 1 blind to "
                             "the cue, 1 reversed."));
  PlantedTrials trials = probed_models();
  PlantedTrials more = probed_models();
  for (const char* world : {"second", "third", "fourth"}) {
    for (TrialResult trial : trials.all()) {
      trial.spec.environment = {world, Value::Table{}};
      more.all().push_back(std::move(trial));
    }
  }
  const std::string many = more.ask(std::string(kAskProbes) + "axis = \"model.width\"\n").sentence;
  CAPTURE(many);
  CHECK_THAT(many, StartsWith("4 probes get 32 verdicts: "));
  CHECK_THAT(many, Contains("Along model.width the agreement with the truth is shown to rise in 0 "
                            "of 16 comparisons, and to fall in 4."));
  CHECK_THAT(many, Contains("sees: 8 authentic (tau "));
  CHECK_THAT(many, Contains("constant: 8 blind to the cue. It calls a model clean in 240 cases; in "
                            "168 of them the model is confused."));
  CHECK_THAT(many, Contains("The agreement of probe_half_on_colour, second falls from"));
  CHECK_THAT(many, Contains("The table shows each verdict."));
}

TEST_CASE("models that rely on the cue alike are not ranked") {
  PlantedTrials trials;
  for (std::int64_t seed = 0; seed < 20; ++seed) {
    TrialResult& trial = trials.add("erm", seed, 0.9, 0.5);
    trial.measurements.push_back(
        {0, 9, "in_distribution", 0.0, "output_change_colour", 0.9 + seed_noise(seed)});
    trial.measurements.push_back(
        {0, 9, "in_distribution", 0.0, "probe_a_on_colour", 0.9 - seed_noise(seed)});
  }
  const analysis::Answer answer = trials.ask(kAskProbes);
  CHECK(planted_cell(answer.tables[0], "probe_a_on_colour", "authenticity") == "nothing to rank");
  CHECK_THAT(PlantedTrials().ask(kAskProbes).sentence, !Contains("authentic"));
  PlantedTrials without;
  without.add("erm", 0, 0.9, 0.5);
  CHECK_THAT(without.ask(kAskProbes).sentence, Contains("evaluation.probes asks for probes"));
  CHECK_THROWS_AS(trials.ask(std::string(kAskProbes) + "clean_below = 0.5\n"), UsageError);
}

TEST_CASE("calibration is the line of the truth on the probe") {
  ProbedModels models;
  for (std::int64_t i = 0; i < 40; ++i) {
    const double probe = static_cast<double>(i) / 40.0;
    models.probe.push_back(probe);
    models.truth.push_back(0.1 + 0.5 * probe);
    models.seeds.push_back(i / 2);
  }
  const Calibration line = calibration_of(models);
  CHECK(line.slope.value == Approx(0.5));
  CHECK(line.intercept.value == Approx(0.1));
  CHECK(line.bias.value == Approx(0.5 * 0.4875 - 0.1));
  CHECK(line.slope.seeds == 20);
  const std::vector<CalibrationBin> bins = calibration_bins(models);
  REQUIRE(bins.size() == 8);
  std::int64_t all = 0;
  for (const CalibrationBin& bin : bins) {
    all += bin.models;
    CHECK(bin.truth.value == Approx(0.1 + 0.5 * bin.probe));
  }
  CHECK(all == 40);
  // Below .1 are four models of two seeds, with truths of .1, .1125, .125 and .1375.
  const ProbeMistakes mistakes = false_reassurance(models, {0.1, 0.115});
  CHECK(mistakes.said == 4);
  CHECK(mistakes.wrong == 2);
  CHECK(mistakes.share.value == 0.5);
  CHECK(mistakes.share.low < 0.15);
  CHECK(mistakes.share.high > 0.85);
  CHECK(false_alarm(models, {0.1, 0.95}).said == 1);
  CHECK(false_reassurance(models, {0.0, 0.5}).share.count == 0);
}

TEST_CASE("intervals of what probes and interventions say stay within their ranges") {
  // Models of one bin: three have a truth of 1, two have one of 0.
  ProbedModels models;
  for (std::int64_t i = 0; i < 5; ++i) {
    models.probe.push_back(1.0);
    models.truth.push_back(i < 3 ? 1.0 : 0.0);
    models.seeds.push_back(i);
  }
  const analysis::Estimate free = calibration_bins(models).front().truth;
  CHECK(free.high > 1.0);
  CHECK(calibration_of(models).bias.high > 1.0);
  models.probe_range = models.truth_range = analysis::kRate;
  const analysis::Estimate held = calibration_bins(models).front().truth;
  CHECK(held.high == 1.0);
  CHECK(held.low == std::max(0.0, free.low));
  // A difference of two rates lies between -1 and 1.
  CHECK(calibration_of(models).bias.high == 1.0);
}

TEST_CASE("the truth of a probe is the output change of its cue") {
  CHECK(truth_of_probe("probe_linear_last_on_colour", "") == "output_change_colour");
  CHECK(truth_of_probe("probe_a_on_b", "flip_rate") == "flip_rate");
  CHECK(truth_of_probe("accuracy", "") == "flip_rate");
}
