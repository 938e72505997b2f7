// What questions keep apart, and what they take for one and the same.
#include <fmt/format.h>

#include "catch.hpp"
#include "spurion/analysis/answer.hpp"

using namespace spurion;

namespace {

TrialResult made_up(const std::string& experiment, const std::string& method,
                    const std::string& regime, std::int64_t seed, double ood) {
  TrialResult trial;
  trial.spec.experiment = experiment;
  trial.spec.environment = {"world", Value()};
  trial.spec.model = {"mlp", Value::Table{}};
  trial.spec.method = {method, Value::Table{}};
  trial.spec.regime = {regime, Value::Table{}};
  trial.spec.optimizer = trial.spec.training = trial.spec.evaluation = Value::Table{};
  trial.spec.seed = seed;
  trial.measurements = {{0, 9, "in_distribution", 0.1, "accuracy", 0.9},
                        {0, 9, "test", 0.9, "accuracy", ood},
                        {0, 9, "test", 0.9, "gap", 0.9 - ood},
                        {0, 9, "test", 0.9, "flip_rate", 0.0}};
  return trial;
}

analysis::Answer ask(std::vector<TrialResult> trials, const std::string& question,
                     const std::string& experiment = "") {
  StoredResults results;
  results.context["suite"] = "name = \"s\"\n[[experiment]]\nname = \"e\"\n" + experiment +
                             "[[experiment]]\nname = \"f\"\n[[question]]\ntext = \"?\"\n"
                             "experiment = \"e\"\n" +
                             question;
  results.trials = std::move(trials);
  return analysis::answer_all(results).front();
}

/// The cell of a table in the row that begins with `row`.
std::string cell_of(const analysis::Table& table, const std::string& row,
                    const std::string& column) {
  for (std::size_t i = 0; i < table.rows.size(); ++i) {
    if (text_of(table.rows[i].front()) == row) return text_of(table.cell(i, column));
  }
  FAIL("no row " << row);
  return {};
}

constexpr const char* kMethods = "kind = \"compare_methods\"\n";
constexpr const char* kRegimes = "kind = \"compare_regimes\"\n";

}  // namespace

TEST_CASE(
    "hyper-parameters are selected on validation rows, not on those whose score is reported") {
  std::vector<TrialResult> trials;
  for (std::int64_t seed = 0; seed < 3; ++seed) {
    for (std::int64_t draw = 0; draw < 2; ++draw) {
      // By luck draw 0 is ahead on the test rows of the train domains.
      trials.push_back(made_up("e", "erm", "offline", seed, draw == 0 ? 0.3 : 0.6));
      trials.back().spec.config_index = draw;
      trials.back().measurements.set_value(0, draw == 0 ? 0.95 : 0.9);
      trials.back().measurements.push_back(
          {0, 9, "validation", 0.0, "accuracy", draw == 0 ? 0.88 : 0.91});
    }
  }
  const std::string rows =
      "kind = \"published\"\nrows = [{ label = \"row\", domain = \"test\", metric = \"accuracy\", "
      "value = 0.6, spread = 0.1, runs = 3 }]\n";
  CHECK_THAT(ask(trials, rows + "selector = \"training_domain\"\n").sentence,
             Catch::Contains("row: 0.6000 against 0.6000"));
  // No validation rows of the test domain were measured: an oracle has nothing to go by.
  CHECK_THAT(ask(trials, rows + "selector = \"oracle\"\n").sentence, Catch::Contains("Not run"));
  CHECK_THROWS_WITH(
      ask(trials, rows + "selector = \"shift=0.3\"\n"),
      Catch::Contains("unknown selector 'shift=0.3'") &&
          Catch::Contains("none, accuracy_minus_probe, leave_one_domain_out, lowest_probe, oracle, "
                          "training_domain, training_worst_group"));
}

TEST_CASE("methods are compared under one regime and one trajectory, each trial once") {
  std::vector<TrialResult> trials;
  for (std::int64_t seed = 0; seed < 4; ++seed) {
    const double noise = 0.01 * static_cast<double>(seed);
    for (const std::string trajectory : {"reversal", "fixed"}) {
      const double base = trajectory == "fixed" ? 0.1 : 0.9;
      for (const std::string method : {"erm", "ewc"}) {
        trials.push_back(
            made_up("e", method, "continual", seed, base - (method == "ewc" ? 0.05 : 0.0) + noise));
        trials.back().spec.regime.options = Value::Table{{"trajectory", trajectory}};
      }
    }
  }
  const auto table = ask(trials, kMethods).tables.front();
  REQUIRE(table.rows.size() == 4);
  for (const char* trajectory : {"reversal", "fixed"}) {
    const std::string regime = fmt::format("continual (trajectory = {})", trajectory);
    const bool fixed = trajectory[0] == 'f';
    CHECK(cell_of(table, regime + ", erm", "trials") == "4");
    CHECK(cell_of(table, regime + ", erm", "OOD").substr(0, 5) == (fixed ? "0.115" : "0.915"));
    CHECK(cell_of(table, regime + ", ewc", "OOD difference") == "-0.050 [-0.050, -0.050]");
  }
}

TEST_CASE("variants of a method are lines of their own, and the plain one is the baseline") {
  std::vector<TrialResult> trials;
  for (std::int64_t seed = 0; seed < 4; ++seed) {
    const double noise = 0.01 * static_cast<double>(seed);
    for (const bool oracle : {false, true}) {
      trials.push_back(
          made_up("e", "erm", "offline", seed, (oracle ? 0.8 + 0.1 * noise : 0.2) + noise));
      trials.back().spec.method.options = Value::Table{{"randomise_cue", oracle}};
    }
  }
  const auto answer = ask(trials, kMethods);
  const auto& table = answer.tables.front();
  CHECK(text_of(table.rows.at(0).front()) == "erm");
  CHECK(cell_of(table, "erm (randomise_cue)", "OOD difference").substr(0, 5) == "0.602");
  CHECK(answer.sentence.find("erm (randomise_cue) beats erm") == 0);
}

TEST_CASE("all draws of a search count, as one number a seed") {
  std::vector<TrialResult> trials;
  for (std::int64_t seed = 0; seed < 4; ++seed) {
    for (std::int64_t draw = 0; draw < 3; ++draw) {
      trials.push_back(
          made_up("e", "v_rex", "offline", seed,
                  0.3 + 0.1 * static_cast<double>(draw) + 0.01 * static_cast<double>(seed)));
      trials.back().spec.method.options =
          Value::Table{{"penalty_weight", 1.5 + static_cast<double>(draw)}};
      trials.back().spec.config_index = draw;
    }
    trials.push_back(made_up("e", "erm", "offline", seed, 0.1 + 0.01 * static_cast<double>(seed)));
  }
  const auto table =
      ask(trials, kMethods,
          "[experiment.search]\nconfigurations = 3\nfields = [\"method.penalty_weight\"]\n")
          .tables.front();
  REQUIRE(table.rows.size() == 2);
  CHECK(cell_of(table, "v_rex", "trials") == "12");
  CHECK(cell_of(table, "v_rex", "OOD").substr(0, 5) == "0.415");
  CHECK(cell_of(table, "v_rex", "OOD difference") == "0.300 [0.300, 0.300]");
  CHECK(table.caption.find("configurations of a seed are averaged") != std::string::npos);
}

TEST_CASE("a configuration that changes nothing makes no interval narrower") {
  const auto interval = [](std::int64_t configurations) {
    std::vector<TrialResult> trials;
    for (std::int64_t seed = 0; seed < 4; ++seed) {
      for (std::int64_t configuration = 0; configuration < configurations; ++configuration) {
        trials.push_back(
            made_up("e", "erm", "offline", seed, 0.2 + 0.01 * static_cast<double>(seed * seed)));
        trials.back().spec.evaluation = Value::Table{{"training_rows", configuration}};
      }
    }
    return cell_of(ask(trials, kMethods).tables.front(), "erm", "OOD");
  };
  CHECK(interval(1) == interval(6));
}

TEST_CASE("a method that shares no seed with the baseline is not tested against it") {
  std::vector<TrialResult> trials;
  for (std::int64_t seed = 0; seed < 6; ++seed) {
    trials.push_back(made_up("e", "erm", "offline", seed, 0.2));
    trials.push_back(
        made_up("e", "v_rex", "offline", seed, 0.3 + 0.01 * static_cast<double>(seed)));
  }
  const auto alone = ask(trials, kMethods);
  trials.push_back(made_up("e", "my_net", "elsewhere", 77, 0.5));
  const auto beside = ask(trials, kMethods);
  CHECK(beside.sentence.find("nan") == std::string::npos);
  CHECK(cell_of(beside.tables.front(), "elsewhere, my_net", "OOD difference") == "-");
  CHECK(cell_of(beside.tables.front(), "offline, v_rex", "p") ==
        cell_of(alone.tables.front(), "v_rex", "p"));
}

TEST_CASE("one seed has no interval and beats nobody") {
  const auto answer = ask(
      {made_up("e", "erm", "offline", 0, 0.2), made_up("e", "v_rex", "offline", 0, 0.6)}, kMethods);
  CHECK(cell_of(answer.tables.front(), "v_rex", "OOD") == "0.600 (one seed)");
  CHECK(answer.sentence.find("beats") == std::string::npos);
}

TEST_CASE("a cue that is not the first counts as much") {
  std::vector<TrialResult> trials;
  for (std::int64_t seed = 0; seed < 4; ++seed) {
    TrialResult trial = made_up("e", "erm", "continual", seed, 0.8);
    trial.spec.evaluation = Value::Table{{"rows", 2000}};
    trial.measurements.push_back({0, 0, "phase_1", 0.0, "cue_contribution", 0.0});
    trial.measurements.push_back({0, 0, "phase_0", 0.0, "shift_first", 0.1});
    trial.measurements.push_back({0, 0, "phase_1", 0.0, "shift_second", 0.1});
    for (std::int64_t phase = 0; phase < 2; ++phase) {
      const auto add = [&](const std::string& domain, const std::string& metric, double value) {
        trial.measurements.push_back({phase, 10 * phase, domain, 0.0, metric, value});
      };
      for (const char* on : {"phase_0", "phase_1"}) add(on, "accuracy", 0.95);
      add("phase_" + std::to_string(phase), "cue_contribution", 0.45);
      add("phase_" + std::to_string(phase), "randomised_accuracy", 0.5);
      add("in_distribution", "accuracy", 0.9);
      add("test", "flip_rate", 0.0);
      add("cue_first", "flip_rate", phase == 0 ? 1.0 : 0.0);
      add("cue_second", "flip_rate", phase == 0 ? 0.0 : 1.0);
    }
    trials.push_back(std::move(trial));
  }
  const auto regimes = ask(trials, kRegimes);
  CHECK(regimes.sentence.find(
            "Continued training does not resolve the confusion: it replaces the cue. continual "
            "replaced the cue") == 0);
  CHECK(text_of(regimes.tables.front().cell(1, "flip rate")).substr(0, 5) == "1.000");
  CHECK(text_of(regimes.tables.front().rows.back().back()) == "replaced");
  CHECK(cell_of(ask(trials, kMethods).tables.front(), "erm", "flip rate").substr(0, 5) == "1.000");
}

TEST_CASE("methods under one regime are not pooled into it") {
  std::vector<TrialResult> trials;
  for (std::int64_t seed = 0; seed < 4; ++seed) {
    for (const std::string method : {"erm", "ewc"}) {
      for (const std::string regime : {"offline", "online"}) {
        trials.push_back(made_up("e", method, regime, seed, 0.5));
        trials.back().measurements.set_value(0, method == "erm" ? 0.9 : 0.7);
      }
    }
  }
  const auto table = ask(trials, kRegimes).tables.front();
  REQUIRE(table.rows.size() == 4);
  CHECK(cell_of(table, "online, erm", "own phase") == "0.900 [0.900, 0.900]");
  CHECK(cell_of(table, "online, ewc", "own phase") == "0.700 [0.700, 0.700]");
}

TEST_CASE("a trial of several experiments is one trial of a question about all") {
  std::vector<TrialResult> trials;
  for (const char* experiment : {"e", "f"}) {
    for (std::int64_t seed = 0; seed < 3; ++seed) {
      TrialResult trial = made_up(experiment, "erm", "continual", seed, 0.8);
      for (std::int64_t phase = 0; phase < 2; ++phase) {
        for (const char* on : {"phase_0", "phase_1"}) {
          const double noise = 0.02 * static_cast<double>(seed);
          trial.measurements.push_back({phase, 0, on, 0.0, "accuracy", 0.8 + noise});
          trial.measurements.push_back({phase, 0, on, 0.0, "cue_contribution", 0.3 + noise});
        }
        trial.measurements.push_back({phase, 0, "cue_a", 0.0, "flip_rate", 0.5});
      }
      trials.push_back(std::move(trial));
    }
  }
  const auto one = ask(trials, "kind = \"streams\"\n");
  const auto both = ask(trials, "kind = \"streams\"\nexperiments = [\"e\", \"f\"]\n");
  const auto& alone = one.tables.front().rows.front();
  const auto& shared = both.tables.front().rows.front();
  REQUIRE(alone.size() == shared.size());
  for (std::size_t i = 0; i < alone.size(); ++i) CHECK(text_of(alone[i]) == text_of(shared[i]));
}

TEST_CASE("regression is not averaged with classification") {
  std::vector<TrialResult> trials;
  for (std::int64_t seed = 0; seed < 3; ++seed) {
    trials.push_back(made_up("e", "erm", "offline", seed, 0.5));
    trials.push_back(made_up("e", "erm", "offline", seed, 0.0));
    trials.back().spec.environment.name = "regression";
    trials.back().measurements = {{0, 9, "in_distribution", 0.1, "loss", 2.0},
                                  {0, 9, "test", 0.9, "loss", 13.5}};
  }
  const auto table = ask(trials, kMethods).tables.front();
  CHECK(cell_of(table, "erm", "OOD") == "0.500 [0.500, 0.500]");
  CHECK(table.caption.find("3 regression trials are left out") != std::string::npos);
}

TEST_CASE("windows are told apart by their rows, where no update is made between them") {
  std::vector<TrialResult> trials;
  for (std::int64_t seed = 0; seed < 4; ++seed) {
    TrialResult trial = made_up("e", "erm", "online", seed, 0.8);
    for (std::int64_t window = 0; window < 5; ++window) {
      trial.measurements.push_back({1, 150, "stream", 0.0, "prequential_accuracy", 0.6});
      trial.measurements.push_back({1, 150, "stream", 0.0, "window_rows", 64.0});
    }
    trials.push_back(std::move(trial));
  }
  const auto chart = ask(trials, kRegimes).charts.front();
  REQUIRE(chart.series.front().x == std::vector<double>{64, 128, 192, 256, 320});
  for (const auto& point : chart.series.front().y) CHECK(point.count == 4);
}

namespace {

/// A trial on a stream of two phases: flips of its cue after each, and the cue contribution after
/// the last.
TrialResult on_stream(std::int64_t seed, std::int64_t width, double before, double after,
                      double cue_contribution) {
  TrialResult trial = made_up("e", "erm", "continual", seed, 0.8);
  trial.spec.model.options = Value::Table{{"width", width}};
  const double noise = 0.01 * static_cast<double>(seed);
  const auto add = [&](std::int64_t phase, const std::string& domain, const std::string& metric,
                       double value) {
    trial.measurements.push_back({phase, 10 * phase, domain, 0.0, metric, value});
  };
  for (std::int64_t phase = 0; phase < 2; ++phase) {
    const std::string domain = "phase_" + std::to_string(phase);
    add(0, domain, "shift_a", phase == 0 ? 0.1 : 0.9);
    for (const char* on : {"phase_0", "phase_1"}) add(phase, on, "accuracy", 0.8);
    add(phase, "phase_1", "cue_contribution", phase == 0 ? -0.3 : cue_contribution + noise);
    add(phase, domain, "cue_contribution", phase == 0 ? 0.4 : cue_contribution + noise);
    add(phase, "cue_a", "flip_rate", (phase == 0 ? before : after) + noise);
  }
  return trial;
}

}  // namespace

TEST_CASE("trials of two models make two verdicts, not one of their average") {
  std::vector<TrialResult> trials;
  for (std::int64_t seed = 0; seed < 4; ++seed) {
    trials.push_back(on_stream(seed, 8, 0.8, 0.0, 0.0));
    trials.push_back(on_stream(seed, 64, 0.8, 0.8, 0.4));
  }
  const auto answer = ask(trials, "kind = \"streams\"\n");
  const auto& table = answer.tables.front();
  REQUIRE(table.rows.size() == 2);
  CHECK(cell_of(table, "world, model.width = 8", "verdict") == "resolved");
  CHECK(cell_of(table, "world, model.width = 64", "verdict") == "replaced");
  // Two configurations of one environment are not two environments.
  CHECK(answer.sentence.find("of 2 streams in 1 environment") != std::string::npos);
}

TEST_CASE("a scale helps, harms, does nothing, or is not known to") {
  const auto said = [](std::int64_t seeds, double small, double large, double spread) {
    std::vector<TrialResult> trials;
    for (std::int64_t seed = 0; seed < seeds; ++seed) {
      trials.push_back(on_stream(seed, 8, 0.9, small, 0.4));
      const double sign = seed % 2 == 0 ? 1.0 : -1.0;
      trials.push_back(on_stream(seed, 64, 0.9, large + sign * spread, 0.4));
    }
    return ask(trials, "kind = \"streams\"\naxis = \"model.width\"\n").sentence;
  };
  CHECK(said(4, 0.8, 0.5, 0.001).find("less with scale, but not enough") != std::string::npos);
  CHECK(said(4, 0.5, 0.8, 0.001).find("more with scale") != std::string::npos);
  CHECK(said(4, 0.6, 0.6, 0.01).find("scale does not help") != std::string::npos);
  CHECK(said(4, 0.5, 0.6, 0.3).find("undecided") != std::string::npos);
  CHECK(said(1, 0.8, 0.5, 0.0).find("one seed only") != std::string::npos);
}

TEST_CASE("mistakes in questions are told with the nearest name") {
  const std::vector<TrialResult> trials = {on_stream(0, 8, 0.9, 0.5, 0.4),
                                           on_stream(1, 8, 0.9, 0.5, 0.4)};
  const auto asked = [&](const std::string& keys) {
    return ask(trials, "kind = \"streams\"\n" + keys);
  };
  CHECK_THROWS_WITH(asked("margn = 0.2\n"), Catch::Contains("did you mean 'margin'?"));
  CHECK_THROWS_WITH(asked("margin = -0.2\n"), Catch::Contains("must be >= 0, got -0.2"));
  CHECK_THROWS_WITH(asked("phase = 0.5\n"), Catch::Contains("expects an integer"));
  CHECK_THROWS_WITH(asked("phase = 7\n"), Catch::Contains("have phases 0 to 1"));
  CHECK_THROWS_WITH(asked("axis = \"model.widht\"\n"),
                    Catch::Contains("did you mean 'model.width'?"));
  CHECK_THROWS_WITH(asked("experiments = [\"nosuch\"]\n"),
                    Catch::Contains("unknown experiment 'nosuch'"));
  CHECK_THROWS_WITH(
      ask(trials, std::string(kRegimes) + "margin = 0.1\n"),
      Catch::Contains("unknown key of a question of kind 'compare_regimes' 'margin'"));
}
