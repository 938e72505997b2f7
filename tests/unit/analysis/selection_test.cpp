// Selectors: what they may read, what they choose, and what a choice costs.
#include "analysis/selection.hpp"
#include "analysis/halving.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <type_traits>
#include <vector>

#include "report/csv/csv.hpp"
#include "spurion/question_kinds.hpp"
#include "spurion/selector.hpp"
#include "unit/analysis/planted.hpp"

using namespace spurion;
using namespace spurion::tests;
using Catch::Contains;

namespace {

constexpr std::int64_t kSeeds = 5;
constexpr const char* kSelection = "kind = \"selection\"\n";

/// What no selector can be: one that decides itself what it reads.
struct Rogue final : Selector {
  [[nodiscard]] SelectorAccess access() const override { return SelectorAccess::train_domains; }
  [[nodiscard]] std::optional<double> score_of(const ValidationScores& all) const override {
    return all.test.accuracy;
  }
};
static_assert(!std::is_default_constructible_v<Rogue>);

/// Whether a type has scores of the test domain.
template <class T, class = void>
struct HasTestScores : std::false_type {};
template <class T>
struct HasTestScores<T, std::void_t<decltype(std::declval<T>().test)>> : std::true_type {};
static_assert(HasTestScores<ValidationScores>::value);
static_assert(!HasTestScores<TrainingScores>::value);
static_assert(!HasTestScores<GroupScores>::value);
static_assert(!HasTestScores<HeldOutScores>::value);
static_assert(!HasTestScores<ProbeScores>::value);
static_assert(!std::is_convertible_v<const TrainingScores&, const GroupScores&>);
static_assert(!std::is_convertible_v<const GroupScores&, const ValidationScores&>);

struct ValidationNumbers {
  double train = 0.0;
  double worst = 0.0;
  double test = 0.0;
};

void add_validation(TrialResult& trial, std::int64_t update, const ValidationNumbers& numbers) {
  trial.measurements.push_back({0, update, "validation", 0.0, "accuracy", numbers.train});
  trial.measurements.push_back(
      {0, update, "validation", 0.0, "worst_group_accuracy", numbers.worst});
  trial.measurements.push_back({0, update, "validation_test", 0.0, "accuracy", numbers.test});
}

/// Three samples on five seeds. On validation rows sample 0 is the best of the train domains, 1 of
/// the worst group, 2 of the test domain; out of distribution they have .5, .6 and .7, with noise
/// of the seed that all three share.
PlantedTrials three_samples() {
  PlantedTrials trials;
  for (std::int64_t seed = 0; seed < kSeeds; ++seed) {
    for (std::int64_t sample = 0; sample < 3; ++sample) {
      const double ood = 0.5 + 0.1 * static_cast<double>(sample) + seed_noise(seed) +
                         (sample == 2 ? seed_noise(seed + 1, 0.01) : 0.0);
      TrialResult& trial = trials.add("erm", seed, 0.8, ood);
      trial.spec.config_index = sample;
      add_validation(trial, 9,
                     {sample == 0 ? 0.9 : 0.8, sample == 1 ? 0.6 : 0.4, sample == 2 ? 0.7 : 0.5});
    }
  }
  return trials;
}

std::optional<std::int64_t> chosen(PlantedTrials& trials, const std::string& selector) {
  std::vector<const TrialResult*> pointers;
  for (const TrialResult& trial : trials.all()) pointers.push_back(&trial);
  const Selectors selectors = builtin_selectors();
  const auto rule = selectors.at(selector).make({Value()});
  return analysis::Chooser({rule.get(), false}).choose(pointers).sample;
}

/// The cell of the row that a selector has.
std::string selected_cell(const analysis::Table& table, const std::string& selector,
                          const std::string& column) {
  for (std::size_t row = 0; row < table.rows.size(); ++row) {
    if (text_of(table.cell(row, "selected by")) == selector) {
      return text_of(table.cell(row, column));
    }
  }
  FAIL("no row of " << selector);
  return {};
}

}  // namespace

TEST_CASE("each selector chooses by what it may read") {
  PlantedTrials trials = three_samples();
  CHECK(chosen(trials, "training_domain") == 0);
  CHECK(chosen(trials, "training_worst_group") == 1);
  CHECK(chosen(trials, "oracle") == 2);
  // No probe was asked for.
  CHECK_FALSE(chosen(trials, "lowest_probe").has_value());
}

TEST_CASE("selectors that read a probe read the first one, of the cue on which it finds most") {
  PlantedTrials trials = three_samples();
  for (TrialResult& trial : trials.all()) {
    trial.spec.evaluation.as_table()["probes"] =
        Value::List{Value::Table{{"name", "occlusion"}, {"as", "pressed"}},
                    Value::Table{{"name", "input_gradient"}}};
    const std::int64_t sample = trial.spec.config_index;
    const auto add = [&](const char* domain, const char* metric, double value) {
      trial.measurements.push_back({0, 9, domain, 0.0, metric, value});
    };
    // Of sample 1 least is found of the worse cue. It has the least accuracy, too: 0.8 as sample 2.
    add("in_distribution", "probe_pressed_on_a", sample == 2 ? 0.0 : 0.1);
    add("in_distribution", "probe_pressed_on_b", sample == 0 ? 0.4 : sample == 1 ? 0.35 : 0.5);
    add("in_distribution", "probe_input_gradient_on_b", sample == 2 ? 0.0 : 0.9);
    add("test", "probe_pressed_on_b", sample == 2 ? 0.0 : 0.9);
  }
  CHECK(chosen(trials, "lowest_probe") == 1);
  CHECK(chosen(trials, "accuracy_minus_probe") == 0);  // 0.9 - 0.4 against 0.8 - 0.35
  const analysis::Answer answer = trials.ask(kSelection);
  CHECK_THAT(selected_cell(answer.tables.front(), "lowest_probe", "OOD"), Contains("0.600"));
  CHECK_THAT(selected_cell(answer.tables.front(), "lowest_probe", "reads"), Contains("a probe"));
}

namespace {

/// Two samples on five seeds, and trials that hold out each of two train domains. Trained on both,
/// sample 0 is better on validation rows; on held-out domains sample 1 is.
PlantedTrials held_out_samples() {
  PlantedTrials trials;
  for (std::int64_t seed = 0; seed < kSeeds; ++seed) {
    for (std::int64_t sample = 0; sample < 2; ++sample) {
      for (const std::int64_t held_out : {-1, 0, 1}) {
        const double ood = 0.5 + 0.1 * static_cast<double>(sample) + seed_noise(seed);
        TrialResult& trial = trials.add("erm", seed, 0.8, held_out < 0 ? ood : 0.2);
        trial.spec.config_index = sample;
        trial.spec.training.as_table()["held_out_domain"] = held_out;
        const double there = held_out == 0 ? 0.5 : sample == 0 ? 0.4 : 0.7;
        add_validation(trial, 9, {sample == 0 ? 0.9 : 0.8, 0.5, held_out < 0 ? 0.1 : there});
      }
    }
  }
  return trials;
}

}  // namespace

TEST_CASE("leave-one-domain-out chooses by the domains that were held out") {
  PlantedTrials trials = held_out_samples();
  const analysis::Answer answer = trials.ask(kSelection);
  const analysis::Table& table = answer.tables.front();
  // Trials that hold out a domain are in no mean, neither of a sample nor of the median.
  CHECK_THAT(selected_cell(table, "leave_one_domain_out", "OOD"), Contains("0.600"));
  CHECK_THAT(selected_cell(table, "training_domain", "OOD"), Contains("0.500"));
  CHECK_THAT(selected_cell(table, "training_domain", "median OOD"), Contains("0.550"));
  CHECK(selected_cell(table, "training_domain", "trials") == "10");
  CHECK_THAT(selected_cell(table, "leave_one_domain_out", "reads"), Contains("held out"));
  const analysis::Answer compared =
      trials.ask("kind = \"compare_methods\"\nselector = \"leave_one_domain_out\"\n");
  CHECK_THAT(planted_cell(compared.tables.front(), "erm", "OOD"), Contains("0.600"));
  CHECK(planted_cell(compared.tables.front(), "erm", "trials") == "5");
}

TEST_CASE("a sample of which a held-out trial is missing is not chosen by it") {
  PlantedTrials trials = held_out_samples();
  for (TrialResult& trial : trials.all()) {
    const Value* held_out = trial.spec.training.find("held_out_domain");
    if (trial.spec.config_index == 1 && held_out->as_integer() == 1 && trial.spec.seed == 0) {
      trial.status = Status::diverged;
    }
  }
  const analysis::Answer answer = trials.ask(kSelection);
  CHECK_THAT(selected_cell(answer.tables.front(), "leave_one_domain_out", "OOD"),
             Contains("0.500"));
}

TEST_CASE("no number of the test domain reaches a selector that is no oracle") {
  const Selectors selectors = builtin_selectors();
  for (const std::string& name : selectors.names()) {
    CAPTURE(name);
    PlantedTrials trials = three_samples();
    const auto before = chosen(trials, name);
    for (TrialResult& trial : trials.all()) {
      // Turns the order of the samples round in all that is of the test domain.
      const double other = 0.1 * static_cast<double>(3 - trial.spec.config_index);
      for (const char* domain : {"test", "validation_test"}) {
        set_number(trial, domain, "accuracy", other);
      }
      set_number(trial, "test", "gap", other);
    }
    CHECK((chosen(trials, name) == before) != selectors.at(name).make({Value()})->leaks());
  }
}

TEST_CASE("regret is paired with the oracle's choice, and the median stands beside") {
  const PlantedTrials trials = three_samples();
  const analysis::Answer answer = trials.ask(kSelection);
  const analysis::Table& table = answer.tables.front();
  REQUIRE(table.rows.size() == 3);
  REQUIRE(answer.charts.size() == 1);
  CHECK(answer.charts.front().name != table.name);  // each is a file of its own
  // The noise of a seed cancels: .7 - .5 and .7 - .6, up to the oracle's own noise of mean 0.
  CHECK(selected_cell(table, "training_domain", "OOD").substr(0, 5) == "0.500");
  CHECK(selected_cell(table, "training_domain", "selection regret").substr(0, 5) == "0.200");
  CHECK(selected_cell(table, "training_worst_group", "OOD").substr(0, 5) == "0.600");
  CHECK(selected_cell(table, "training_worst_group", "selection regret").substr(0, 5) == "0.100");
  CHECK(selected_cell(table, "oracle (leak)", "OOD").substr(0, 5) == "0.700");
  CHECK(selected_cell(table, "oracle (leak)", "selection regret") == "-");
  for (const char* selector : {"training_domain", "training_worst_group", "oracle (leak)"}) {
    CHECK(selected_cell(table, selector, "median OOD").substr(0, 5) == "0.600");
    CHECK(selected_cell(table, selector, "samples") == "3");
    CHECK(selected_cell(table, selector, "seeds") == "5");
  }
  CHECK_THAT(answer.sentence,
             Contains("The budget of each method is 3 samples.") &&
                 Contains("erm selected by training_domain has a score of 0.500") &&
                 Contains("the median over samples is 0.600") &&
                 Contains("The oracle (leak) is better by 0.200"));
  CHECK_THAT(report::csv_of(table), Contains("oracle (leak)") && Contains("selection_regret_low"));
}

TEST_CASE("the selection of many methods is summed up by the ways to choose") {
  PlantedTrials trials = three_samples();
  const std::vector<TrialResult> erm = trials.all();
  for (int method = 1; method < 6; ++method) {
    for (TrialResult trial : erm) {
      trial.spec.method.name = "other_" + std::to_string(method);
      trials.all().push_back(std::move(trial));
    }
  }
  const analysis::Answer answer = trials.ask(kSelection);
  CHECK(answer.tables.front().rows.size() == 18);
  CHECK_THAT(answer.sentence,
             Contains("Over 6 methods: Selected by training_domain, the mean score "
                      "out of distribution is 0.500; the mean of the medians over samples is "
                      "0.600.") &&
                 Contains("The oracle (leak) is better by 0.200 on average.") &&
                 Contains("It is shown in 6 of 6: erm by 0.200") && Contains(" and others.") &&
                 Contains("The table has each of them.") &&
                 !Contains("erm selected by training_domain has a score"));
}

TEST_CASE("the regret of an error is how much larger it is") {
  PlantedTrials trials;
  for (std::int64_t seed = 0; seed < kSeeds; ++seed) {
    for (std::int64_t sample = 0; sample < 2; ++sample) {
      TrialResult& trial = trials.add("erm", seed, 0.0, 0.0);
      trial.spec.config_index = sample;
      const double error = sample == 0 ? 3.0 : 1.0 + seed_noise(seed);
      trial.measurements = {{0, 9, "in_distribution", 0.0, "loss", 1.0},
                            {0, 9, "test", 0.9, "loss", error},
                            {0, 9, "validation", 0.0, "loss", sample == 0 ? 0.9 : 1.1},
                            {0, 9, "validation_test", 0.0, "loss", error}};
    }
  }
  const analysis::Table table = trials.ask(kSelection).tables.front();
  CHECK(selected_cell(table, "training_domain", "OOD").substr(0, 5) == "3.000");
  CHECK(selected_cell(table, "training_domain", "selection regret").substr(0, 5) == "2.000");
  CHECK(selected_cell(table, "training_worst_group", "OOD") == "-");
}

TEST_CASE("early stopping takes a trial as it was at its best update") {
  PlantedTrials trials;
  for (std::int64_t seed = 0; seed < kSeeds; ++seed) {
    TrialResult& trial = trials.add("erm", seed, 0.8, 0.4 + seed_noise(seed));
    const Measurements end = trial.measurements;  // with the ceilings, of update 0
    trial.measurements.clear();
    // Update 0 has the best score of all, but nothing is trained there. 3 and 6 are equal.
    const std::vector<std::pair<std::int64_t, double>> updates = {{0, 0.95}, {3, 0.9}, {6, 0.9}};
    for (const auto& [update, score] : updates) {
      add_validation(trial, update, {score, 0.5, 0.5});
      const double ood = update == 3 ? 0.7 : 0.1;
      trial.measurements.push_back({0, update, "in_distribution", 0.0, "accuracy", 0.75});
      trial.measurements.push_back({0, update, "test", 0.9, "accuracy", ood});
    }
    for (const MeasurementRow row : end) trial.measurements.push_back(row);
    add_validation(trial, 9, {0.8, 0.5, 0.5});
  }
  const std::string methods = "kind = \"compare_methods\"\nselector = \"training_domain\"\n";
  const analysis::Answer last = trials.ask(methods);
  CHECK(planted_cell(last.tables.front(), "erm", "OOD").substr(0, 5) == "0.400");
  const analysis::Answer early = trials.ask(methods + "early_stopping = true\n");
  CHECK(planted_cell(early.tables.front(), "erm", "OOD").substr(0, 5) == "0.700");
  CHECK(planted_cell(early.tables.front(), "erm", "ID").substr(0, 5) == "0.750");
  CHECK(planted_cell(early.tables.front(), "erm", "selected by") ==
        "training_domain, early stopping");
  CHECK_THAT(early.tables.front().caption, Contains("5 of 5 trials before the last"));
  // Its gap was measured at the end only.
  CHECK(planted_cell(early.tables.front(), "erm", "gap") == "-");
  const analysis::Table table = trials.ask(kSelection).tables.front();
  CHECK(selected_cell(table, "training_domain", "OOD").substr(0, 5) == "0.400");
  CHECK(selected_cell(table, "training_domain, early stopping", "OOD").substr(0, 5) == "0.700");
  CHECK(selected_cell(table, "training_domain, halving", "OOD").substr(0, 5) == "0.400");
  CHECK(selected_cell(table, "training_domain, halving", "updates used") == "1.00");
  CHECK(selected_cell(table, "training_domain", "updates used") == "1.00");
}

TEST_CASE("successive halving is replayed on stored measurements") {
  // Sample 2 is best in the end, but among the worse half at first.
  std::vector<analysis::ScoredUpdates> trials;
  for (std::int64_t seed = 0; seed < 2; ++seed) {
    const double noise = 0.01 * static_cast<double>(seed);
    trials.push_back({0, seed, {{0, 0.9}, {25, 0.8 + noise}, {50, 0.5}, {100, 0.95}}});
    trials.push_back({1, seed, {{0, 0.1}, {25, 0.3}, {50, 0.9}, {100, 0.97}}});
    trials.push_back({2, seed, {{0, 0.1}, {25, 0.2}, {50, 0.9}, {100, 0.99}}});
    trials.push_back({3, seed, {{0, 0.1}, {25, 0.6}, {50, 0.7}, {100, 0.9}}});
  }
  const auto halved = analysis::halve(trials);
  REQUIRE(halved);
  // 4 samples to 25, 0 and 3 to 50, 3 to 100: 100 + 50 + 50 of 400 updates.
  CHECK(halved->sample == 3);
  CHECK(halved->share == Approx(0.5));
  // A sample that did not finish on a seed trains to the first rung, and no further.
  trials[3].scores.clear();
  const auto without = analysis::halve(trials);
  REQUIRE(without);
  CHECK(without->sample == 1);
  CHECK(without->share == Approx(0.5));
  // Measured at the end only, there is nothing to replay.
  for (analysis::ScoredUpdates& trial : trials) trial.scores = {{100, 0.5}};
  CHECK_FALSE(analysis::halve(trials));
  CHECK_FALSE(analysis::halve({}));
}

TEST_CASE("an oracle is called a leak in text, tables, files and charts") {
  const PlantedTrials trials = three_samples();
  const analysis::Answer answer = trials.ask("kind = \"compare_methods\"\nselector = \"oracle\"\n");
  CHECK(answer.sentence.rfind("Leak: the selector oracle reads the test domain", 0) == 0);
  REQUIRE_FALSE(answer.tables.empty());
  for (const analysis::Table& table : answer.tables) {
    CHECK_THAT(table.caption, Contains("validation rows of the test domain (leak)"));
    CHECK_THAT(table.name, Contains("selected_by_oracle"));
    CHECK_THAT(report::csv_of(table), Contains("selected_by") && Contains("oracle (leak)"));
    for (std::size_t row = 0; row < table.rows.size(); ++row) {
      CHECK(text_of(table.cell(row, "selected by")) == "oracle (leak)");
    }
  }
  REQUIRE_FALSE(answer.charts.empty());
  for (const analysis::Chart& chart : answer.charts) {
    CHECK_THAT(chart.title, Contains("selected by oracle (leak)"));
    CHECK_THAT(chart.name, Contains("selected_by_oracle"));
  }
  const analysis::Answer fair =
      trials.ask("kind = \"compare_methods\"\nselector = \"training_domain\"\n");
  CHECK(planted_cell(fair.tables.front(), "erm", "selected by") == "training_domain");
  CHECK_THAT(fair.sentence, !Contains("Leak"));
}

TEST_CASE("methods of unequal budgets are told apart") {
  PlantedTrials trials = three_samples();
  for (std::int64_t seed = 0; seed < kSeeds; ++seed) {
    add_validation(trials.add("irm_v1", seed, 0.8, 0.6), 9, {0.9, 0.5, 0.5});
  }
  CHECK_THAT(trials.ask(kSelection).sentence, Contains("The budgets differ") &&
                                                  Contains("erm has 3 samples") &&
                                                  Contains("irm_v1 has 1 sample"));
}

TEST_CASE("a median counts the samples that are done") {
  PlantedTrials trials = three_samples();
  for (TrialResult& trial : trials.all()) {
    if (trial.spec.config_index != 2) continue;
    trial.status = Status::diverged;
    trial.message = "loss is not finite";
    trial.measurements.clear();
  }
  const analysis::Table table = trials.ask(kSelection).tables.front();
  CHECK(selected_cell(table, "training_domain", "median OOD").substr(0, 5) == "0.550");
  CHECK(selected_cell(table, "training_domain", "samples") == "3");
  CHECK(selected_cell(table, "training_domain", "diverged") == "5");
}

TEST_CASE("selectors that nobody registered are refused by name") {
  CHECK_THROWS_WITH(three_samples().ask(kSelection + std::string("selectors = [\"oracel\"]\n")),
                    Contains("unknown selector 'oracel'; did you mean 'oracle'?"));
  const analysis::Table table =
      three_samples()
          .ask(kSelection + std::string("selectors = [\"training_worst_group\", \"oracle\"]\n"))
          .tables.front();
  CHECK(table.rows.size() == 2);
}
