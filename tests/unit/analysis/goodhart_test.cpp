// The question kind 'goodhart': proxy and truth under pressure, on planted models.
#include <fmt/format.h>

#include <cmath>
#include <functional>
#include <string>

#include "analysis/questions/goodhart/equal_gain.hpp"
#include "analysis/questions/goodhart/pressure_lines.hpp"
#include "spurion/analysis/glossary.hpp"
#include "spurion/random.hpp"
#include "unit/analysis/planted.hpp"

using namespace spurion;
using namespace spurion::tests;
using namespace spurion::analysis::questions::goodhart;
using Catch::Contains;
using Catch::StartsWith;

namespace {

constexpr const char* kAskGoodhart =
    "kind = \"goodhart\"\nproxy = \"probe_a_on_colour\"\n"
    "held_out_probes = [\"probe_b_on_colour\"]\nmargin = 0.02\n";

/// What is stored of a model at one update.
struct Stored {
  double proxy;
  double truth;
  double held_out;
  double ood;
};

void put_state(TrialResult& trial, std::int64_t step, const Stored& state) {
  const auto put = [&](const char* domain, const char* metric, double value) {
    trial.measurements.push_back({0, step, domain, 0.0, metric, value});
  };
  put("in_distribution", "probe_a_on_colour", state.proxy);
  put("in_distribution", "output_change_colour", state.truth);
  put("in_distribution", "probe_b_on_colour", state.held_out);
  put("in_distribution", "accuracy", 0.9);
  put("test", "accuracy", state.ood);
}

/// Candidates without pressure. `truth`: from what is hidden of a candidate, a normal number that
/// the proxy follows.
void add_candidates(PlantedTrials& trials, std::int64_t count,
                    const std::function<double(double)>& truth) {
  const RandomStream stream(RandomKey(11).child("candidates"));
  for (std::int64_t seed = 0; seed < count; ++seed) {
    TrialResult& trial = trials.add("erm", seed, 0.9, 0.5);
    const double hidden = stream.normal(seed);
    const double real = truth(hidden) + 0.01 * stream.normal(seed, 1);
    put_state(trial, 9,
              {0.5 - 0.1 * hidden, real, real + 0.01 * stream.normal(seed, 2), 0.9 - 0.5 * real});
  }
}

/// Trials with the proxy in the loss. `truth`: of a weight, as a gain.
void add_losses(PlantedTrials& trials, std::int64_t seeds,
                const std::function<double(double)>& truth) {
  const RandomStream stream(RandomKey(12).child("losses"));
  for (std::int64_t seed = 0; seed < seeds; ++seed) {
    std::int64_t lane = 0;
    for (const double weight : {0.01, 0.1, 1.0, 10.0, 100.0}) {
      TrialResult& trial = trials.add("probe_penalty", seed, 0.9, 0.5);
      trial.spec.method.options = Value::Table{{"penalty_weight", weight}};
      const double strength = std::log10(weight) + 3.0;  // 1 to 5
      const double real = 0.5 - truth(strength) + 0.01 * stream.normal(seed, ++lane);
      put_state(trial, 9,
                {0.5 - 0.1 * strength + 0.01 * stream.normal(seed, ++lane), real, real,
                 0.9 - 0.5 * real});
      trial.measurements.push_back(
          {0, 9, "in_distribution", 0.0, "reference_divergence", 0.04 * strength * strength});
    }
  }
}

}  // namespace

TEST_CASE("a filter is faithful where the truth follows, and blind where it does not") {
  PlantedTrials follows;
  add_candidates(follows, 200, [](double hidden) { return 0.5 - 0.1 * hidden; });
  const analysis::Answer answer = follows.ask(kAskGoodhart);
  const analysis::Table& table = answer.tables.front();
  CHECK(planted_cell(table, "filter", "faithfulness") == "faithful");
  CHECK(planted_cell(table, "filter", "strongest") == "n = 16");
  CHECK(planted_cell(table, "filter", "d at end") == "1.355");
  CHECK(planted_cell(table, "filter", "models") == "200");
  CHECK_THAT(answer.sentence, StartsWith("1 pressure: filter: faithful.") &&
                                  Contains("filter is faithful up to d = 1.35 (n = 16)"));
  PlantedTrials not_seen;
  add_candidates(not_seen, 400, [](double) { return 0.5; });
  CHECK(planted_cell(not_seen.ask(kAskGoodhart).tables.front(), "filter", "faithfulness") ==
        "blind");
  PlantedTrials back;
  add_candidates(back, 400,
                 [](double hidden) { return 0.5 + 0.1 * (hidden - 0.5) * (hidden - 0.5); });
  const analysis::Answer over = back.ask(kAskGoodhart);
  CHECK(planted_cell(over.tables.front(), "filter", "faithfulness") == "over-optimised from d on");
  CHECK(planted_cell(over.tables.front(), "filter", "parts at d") != "-");
  CHECK_THAT(over.sentence, Contains("filter is over-optimised from d = "));
}

TEST_CASE("a loss over-optimises its proxy, and a held-out probe sees it") {
  PlantedTrials trials;
  add_candidates(trials, 200, [](double hidden) { return 0.5 - 0.1 * hidden; });
  add_losses(trials, 20, [](double strength) { return 0.08 * strength * (3.0 - 0.6 * strength); });
  const analysis::Answer answer = trials.ask(kAskGoodhart);
  const analysis::Table& table = answer.tables.front();
  const std::string loss = "loss (probe_penalty)";
  // Each weight is a place of its own, so that nothing is averaged.
  CHECK_THAT(answer.sentence, !Contains("mean over"));
  CHECK(planted_cell(table, loss, "faithfulness") == "over-optimised from d on");
  CHECK(planted_cell(table, loss, "strongest") == "weight = 100");
  // d = .2 * strength; the truth is best at a strength of 2 or 3, d = .4 or .6.
  CHECK((planted_cell(table, loss, "from d") == "0.400" ||
         planted_cell(table, loss, "from d") == "0.600"));
  CHECK(planted_cell(table, loss, "seeds") == "20");
  for (const analysis::Table& one : answer.tables) {
    CAPTURE(one.name);
    for (const analysis::Column& column : one.columns) {
      CAPTURE(column.title);
      CHECK(analysis::term_of({column.title}) != nullptr);
    }
  }
  REQUIRE(answer.tables.size() == 5);
  CHECK(answer.tables[1].rows.size() == 2);
  CHECK(answer.charts.size() == 4);
}

TEST_CASE("the peak of a form is told only where trials were") {
  // d = .2 * strength is at most 1. The form d (alpha - beta log d) peaks at exp(alpha / beta - 1).
  const auto peak_of_truth = [](double alpha, double beta) {
    PlantedTrials trials;
    add_candidates(trials, 200, [](double hidden) { return 0.5 - 0.1 * hidden; });
    add_losses(trials, 40, [&](double strength) {
      const double d = 0.2 * strength;
      return d * (alpha - beta * std::log(d));
    });
    const analysis::Answer answer = trials.ask(kAskGoodhart);
    for (const analysis::Table& table : answer.tables) {
      if (table.name != "goodhart_forms_e_probe_a_on_colour") continue;
      for (std::size_t row = 0; row < table.rows.size(); ++row) {
        const auto cell = [&](const char* column) {
          return analysis::text_of(table.cell(row, column));
        };
        if (cell("pressure") == "loss (probe_penalty)" && cell("follows") == "truth") {
          CHECK(cell("beta").front() == '0');
          return cell("peak at d");
        }
      }
    }
    return std::string("no such row");
  };
  CHECK_THAT(peak_of_truth(0.1, 0.2), StartsWith("0.6"));  // exp(-1/2) = .607
  CHECK(peak_of_truth(0.4, 0.1) == "-");                   // exp(3) = 20
}

TEST_CASE("at equal gain the pressure that overstates less is better") {
  PlantedTrials trials;
  add_candidates(trials, 400, [](double hidden) { return 0.5 - 0.1 * hidden; });
  // The loss moves the proxy twice as far as the truth.
  add_losses(trials, 100, [](double strength) { return 0.05 * strength; });
  const analysis::Answer answer = trials.ask(kAskGoodhart);
  const analysis::Table* table = nullptr;
  for (const analysis::Table& one : answer.tables) {
    if (one.name == "goodhart_equal_gain_e_probe_a_on_colour") table = &one;
  }
  REQUIRE(table != nullptr);
  REQUIRE(table->rows.size() == 4);
  for (std::size_t row = 0; row < 4; ++row) {
    CHECK(text_of(table->cell(row, "at equal gain")) == "filter beats it");
  }
  CHECK_THAT(answer.sentence, Contains("At some equal gain out of distribution the filter beats 1 "
                                       "of 1 other pressure, and 0 beat the filter."));
  CHECK_THAT(answer.sentence, Contains("At equal gain the filter beats it at each gain that was "
                                       "compared, up to 0."));
}

TEST_CASE("a filter that is better at some gains only is said to be better at these") {
  PlantedTrials trials;
  add_candidates(trials, 400, [](double hidden) { return 0.5 - 0.1 * hidden; });
  // At a small weight the truth gains as much as the proxy, at a larger one less.
  add_losses(trials, 100, [](double strength) { return strength < 1.5 ? 0.1 : 0.05 * strength; });
  const analysis::Answer answer = trials.ask(kAskGoodhart);
  const analysis::Table* table = nullptr;
  for (const analysis::Table& one : answer.tables) {
    if (one.name == "goodhart_equal_gain_e_probe_a_on_colour") table = &one;
  }
  REQUIRE(table != nullptr);
  std::string gains;
  std::size_t beaten = 0;
  for (std::size_t row = 0; row < table->rows.size(); ++row) {
    if (text_of(table->cell(row, "at equal gain")) != "filter beats it") continue;
    ++beaten;
    const double gain = std::stod(text_of(table->cell(row, "at OOD gain")));
    gains += (gains.empty() ? "" : ", ") + fmt::format("{:.3f}", gain);
  }
  CAPTURE(answer.sentence);
  REQUIRE(beaten > 0);
  REQUIRE(beaten < table->rows.size());
  CHECK_THAT(answer.sentence,
             Contains(fmt::format("the filter beats it at {} of {} gains that were compared ({})",
                                  beaten, table->rows.size(), gains)));
}

TEST_CASE("models that did not learn are no success of a pressure") {
  PlantedTrials trials;
  add_candidates(trials, 100, [](double hidden) { return 0.5 - 0.1 * hidden; });
  for (std::int64_t seed = 0; seed < 10; ++seed) {
    TrialResult& trial = trials.add("probe_penalty", seed, 0.5, 0.5);
    trial.spec.method.options = Value::Table{{"penalty_weight", 1.0}};
    put_state(trial, 9, {0.0, 0.0, 0.0, 0.5});
    set_number(trial, "in_distribution", "accuracy", 0.5 + seed_noise(seed));
  }
  const analysis::Answer answer = trials.ask(kAskGoodhart);
  CHECK(planted_cell(answer.tables.front(), "loss (probe_penalty)", "faithfulness") ==
        "did not learn");
}

TEST_CASE("checkpoints and rounds of selection are pressures too") {
  PlantedTrials trials;
  const RandomStream stream(RandomKey(13).child("checkpoints"));
  for (std::int64_t seed = 0; seed < 40; ++seed) {
    TrialResult& trial = trials.add("erm", seed, 0.9, 0.5);
    for (std::int64_t step = 1; step <= 9; ++step) {
      const double hidden = stream.normal(seed, step);
      const double real = 0.5 - 0.1 * hidden;
      put_state(trial, step, {0.5 - 0.1 * hidden, real, real, 0.9 - 0.5 * real});
    }
    TrialResult& iterated = trials.add("erm", seed, 0.9, 0.5, "iterated_selection");
    for (std::int64_t round = 1; round <= 4; ++round) {
      // The lineage that is never selected changes too, as it is trained on.
      const double drift = 0.05 * static_cast<double>(round);
      for (const double gain : {0.0, 0.1 * static_cast<double>(round)}) {
        const std::int64_t step = 2 * round + (gain > 0.0 ? 1 : 0);
        // The twin has no noise, and that of the others has the mean 0 over seeds.
        const double noise = gain > 0.0 ? seed_noise(seed + round) : 0.0;
        const double left = 0.5 + drift - gain;
        put_state(iterated, step, {left - noise, left + noise, 0.5, 0.7 + 0.5 * gain + noise});
        iterated.measurements.push_back({0, step, "selection", 0.0, "selection_nats", 8.0 * gain});
      }
    }
  }
  const analysis::Answer answer = trials.ask(kAskGoodhart);
  const analysis::Table& table = answer.tables.front();
  CHECK(planted_cell(table, "checkpoint choice", "faithfulness") == "faithful");
  CHECK(planted_cell(table, "checkpoint choice", "strongest") == "last 9 checkpoints");
  CHECK(planted_cell(table, "iterated selection", "faithfulness") == "faithful");
  CHECK(planted_cell(table, "iterated selection", "strongest") == "selection 4");
  CHECK(planted_cell(table, "iterated selection", "d at end") == "1.789");
  CHECK_THAT(planted_cell(table, "iterated selection", "proxy gain"), StartsWith("0.400"));
  CHECK_THAT(planted_cell(table, "iterated selection", "truth gain"), StartsWith("0.4"));
  CHECK_THAT(planted_cell(table, "iterated selection", "OOD gain"), StartsWith("0.200"));
}

TEST_CASE("a pressure that is not by the proxy is left out") {
  PlantedTrials trials;
  add_candidates(trials, 40, [](double hidden) { return 0.5 - 0.1 * hidden; });
  const Value own = Value::Table{{"name", "occlusion"}, {"as", "a"}};
  const auto pressed = [&](const char* method, const char* probe, double weight) {
    for (std::int64_t seed = 0; seed < 4; ++seed) {
      TrialResult& trial = trials.add(method, seed, 0.9, 0.5);
      trial.spec.method.options = Value::Table{{"penalty_weight", weight}};
      trial.spec.method.options.as_table()["probe"] = Value::Table{{"name", probe}};
      trial.spec.evaluation.as_table()["probes"] = Value::List{own};
      put_state(trial, 9, {0.1, 0.9, 0.9, 0.9});
    }
  };
  pressed("v_rex", "occlusion", 100.0);
  pressed("probe_penalty", "input_gradient", 50.0);
  pressed("probe_penalty", "occlusion", 1000.0);
  for (std::int64_t seed = 0; seed < 4; ++seed) {
    TrialResult& trial = trials.add("erm", seed, 0.9, 0.5, "iterated_selection");
    trial.spec.regime.options = Value::Table{{"fitness", "loss"}};
    put_state(trial, 9, {0.1, 0.9, 0.9, 0.9});
  }
  const analysis::Answer answer = trials.ask(kAskGoodhart);
  const analysis::Table& table = answer.tables.front();
  // The filter, and the loss with the probe that is measured as the proxy.
  REQUIRE(table.rows.size() == 2);
  CHECK_THAT(text_of(table.cell(1, "pressure")), StartsWith("loss (probe_penalty"));
  CHECK(text_of(table.cell(1, "strongest")) == "weight = 1000");
  CHECK_THAT(answer.sentence,
             Contains("12 trials under another pressure than that of the proxy are left out"));
  const analysis::Answer other =
      trials.ask(std::string(kAskGoodhart) + "penalty_methods = [\"v_rex\"]\n");
  CHECK(planted_cell(other.tables.front(), "loss (v_rex)", "strongest") == "weight = 100");
}

TEST_CASE("the numbers of a filter are exact expectations by configuration") {
  std::vector<Candidate> candidates;
  for (std::int64_t i = 0; i < 8; ++i) {
    std::vector<double> readings(kHeldOut, 0.0);
    readings[kProxy] = static_cast<double>(i % 4);
    readings[kTruth] = static_cast<double>(i * i);
    candidates.push_back({static_cast<std::size_t>(i / 4), i, readings});
  }
  const PressureNumbers numbers = filter_numbers(candidates, kHeldOut);
  REQUIRE(numbers.places.size() == 1);
  CHECK(numbers.places[0].amount == 2.0);
  CHECK_FALSE(numbers.places[0].judged);
  const std::vector<double> gains = numbers.statistic({0, 1, 2, 3, 4, 5, 6, 7});
  // Of two of 0, 1, 4, 9 the last is chosen with 3 / 6, the one before with 2 / 6, then 1 / 6:
  // 6 against a mean of 3.5. Of 16, 25, 36, 49: (3 * 49 + 2 * 36 + 25) / 6 against 31.5.
  CHECK(gains[kTruth] == Approx(0.5 * (6.0 - 3.5) + 0.5 * (244.0 / 6.0 - 31.5)).epsilon(1e-13));
  CHECK(gains[kProxy] == Approx(14.0 / 6.0 - 1.5).epsilon(1e-13));
}

TEST_CASE("a suite that asks for no answer to a probe gets a sentence") {
  PlantedTrials trials;
  trials.add("erm", 0, 0.9, 0.5);
  CHECK_THAT(trials.ask(kAskGoodhart).sentence,
             Contains("No finished trials of this experiment have 'probe_a_on_colour'"));
}
