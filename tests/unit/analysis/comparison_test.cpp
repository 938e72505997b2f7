// Two methods, or two folders: paired on the seeds they share, or refused in one sentence.
#include "analysis/comparison.hpp"

#include <memory>

#include "catch.hpp"
#include "spurion/error.hpp"
#include "unit/analysis/planted.hpp"

using namespace spurion;
using namespace spurion::analysis;
using Catch::Contains;
using tests::PlantedTrials;
using tests::seed_noise;

namespace {

constexpr const char* kComparedSuite = "name = \"s\"\n[[experiment]]\nname = \"e\"\n";

StoredResults stored(PlantedTrials& trials) {
  StoredResults results;
  results.context["suite"] = kComparedSuite;
  results.trials = trials.all();
  return results;
}

/// A folder of one method at one learning rate, by one version of spurion.
StoredResults folder(double ood, double learning_rate = 0.001, std::int64_t seeds = 5,
                     const std::string& version = "0.2.0") {
  PlantedTrials trials;
  const auto made_by = std::make_shared<Provenance>();
  made_by->version = version;
  for (std::int64_t seed = 0; seed < seeds; ++seed) {
    TrialResult& trial = trials.add("erm", seed, 0.85, ood + seed_noise(seed));
    trial.spec.environment.options = Value::Table{{"label_noise", 0.25}};
    trial.spec.optimizer = Value::Table{{"learning_rate", learning_rate}};
    trial.made_by = made_by;
  }
  return stored(trials);
}

Answer compare(const StoredResults& a, const StoredResults& b, bool allow_mixed = false) {
  return answer_of(compared_folders({"a", a}, {"b", b}, allow_mixed));
}

std::string cell_of(const Table& table, const std::string& number, const std::string& column) {
  for (std::size_t i = 0; i < table.rows.size(); ++i) {
    if (text_of(table.cell(i, "number")) == number) return text_of(table.cell(i, column));
  }
  FAIL("no row " << number);
  return {};
}

}  // namespace

TEST_CASE("two methods of a folder are compared on shared seeds, number by number") {
  PlantedTrials trials;
  for (std::int64_t seed = 0; seed < 6; ++seed) {
    trials.add("erm", seed, 0.85 + seed_noise(seed), 0.2 + seed_noise(seed + 1));
    // The last seeds have no partner.
    trials.add("v_rex", seed + 1, 0.75 + seed_noise(seed), 0.7 + seed_noise(seed + 2));
  }
  const StoredResults results = stored(trials);
  const Answer answer = answer_of(compared_methods(results, "v_rex", "erm"));
  CHECK_THAT(answer.question, Contains("v_rex and erm on the seeds that they share"));
  CHECK_THAT(answer.sentence,
             Contains("v_rex is better than erm out of distribution; v_rex minus erm is 0.5"));
  const Table& table = answer.tables.front();
  CHECK(cell_of(table, "OOD", "shown") == "v_rex is better");
  CHECK(cell_of(table, "ID", "shown") == "erm is better");
  CHECK(cell_of(table, "gap", "shown") == "v_rex is better");
  CHECK(cell_of(table, "OOD", "seeds") == "5");
  CHECK(cell_of(table, "OOD", "pairs") == "5");
  CHECK(cell_of(table, "ID", "difference").substr(0, 6) == "-0.100");
  // The other way round the signs are turned, and the verdict is the same.
  const Answer turned = answer_of(compared_methods(results, "erm", "v_rex"));
  CHECK(cell_of(turned.tables.front(), "OOD", "shown") == "v_rex is better");
  CHECK(cell_of(turned.tables.front(), "ID", "difference").substr(0, 5) == "0.100");
  CHECK_THROWS_WITH(compared_methods(results, "v_rx", "erm"),
                    Contains("unknown method of the results 'v_rx'; did you mean 'v_rex'?"));
  CHECK_THROWS_WITH(compared_methods(results, "erm", "erm"), Contains("compared with itself"));
}

TEST_CASE("a method with variants is named with its options, and few seeds show little") {
  PlantedTrials trials;
  for (std::int64_t seed = 0; seed < 2; ++seed) {
    trials.add("erm", seed, 0.85, 0.2 + seed_noise(seed, 0.05));
    for (const double weight : {0.5, 1.5}) {
      trials.add("v_rex", seed, 0.85, 0.2 + seed_noise(seed + 3, 0.05)).spec.method.options =
          Value::Table{{"penalty_weight", weight}};
    }
  }
  const StoredResults results = stored(trials);
  CHECK_THROWS_WITH(compared_methods(results, "v_rex", "erm"),
                    Contains("several variants") && Contains("v_rex (penalty_weight = 1.5"));
  const Answer answer = answer_of(compared_methods(results, "v_rex (penalty_weight = 1.5)", "erm"));
  CHECK(cell_of(answer.tables.front(), "OOD", "shown") == "not shown");
  CHECK_THAT(answer.sentence, Contains("no difference is shown") && Contains("in 4 of 5 cases"));
}

TEST_CASE("two folders are paired by all in which they agree, and their difference is named") {
  const Answer answer = compare(folder(0.6, 0.01), folder(0.2, 0.001));
  CHECK_THAT(answer.sentence, Contains("a is better than b out of distribution; a minus b is 0.4"));
  CHECK_THAT(answer.tables.front().caption,
             Contains("They differ in optimizer.learning_rate (0.01 and 0.001)."));
  CHECK(cell_of(answer.tables.front(), "OOD", "pairs") == "5");
  CHECK(cell_of(answer.tables.front(), "ID", "shown") == "the same numbers");
  // Seeds that only one has are left out.
  CHECK(cell_of(compare(folder(0.6, 0.01, 5), folder(0.2, 0.001, 3)).tables.front(), "OOD",
                "seeds") == "3");
  // Two folders of the same trials.
  const Answer same = compare(folder(0.6), folder(0.6));
  CHECK_THAT(same.sentence, Contains("both have the same scores out of distribution"));
}

TEST_CASE("folders that do not belong together are refused in one sentence") {
  const StoredResults a = folder(0.6);
  const auto refused = [&](const StoredResults& b) -> std::string {
    try {
      compare(a, b);
    } catch (const UsageError& error) {
      return error.what();
    }
    return "compared";
  };
  StoredResults b = folder(0.2);
  for (TrialResult& trial : b.trials) trial.spec.environment.name = "elsewhere";
  CHECK(refused(b) == "a has the environments world and b has elsewhere: they share none");
  b = folder(0.2);
  for (TrialResult& trial : b.trials) {
    trial.spec.environment.options = Value::Table{{"label_noise", 0.1}};
  }
  CHECK(refused(b) ==
        "environment 'world' has label_noise = 0.25 in a and 0.1 in b, so their trials are of "
        "different data");
  b = folder(0.2);
  for (TrialResult& trial : b.trials) {
    trial.measurements.push_back({0, 9, "train_1", 0.2, "accuracy", 0.9});
  }
  CHECK(refused(b) ==
        "environment 'world' has the domains test, train_0 in a and test, train_0, train_1 in b, "
        "so their trials are of different data");
  b = folder(0.2);
  for (TrialResult& trial : b.trials) trial.spec.base_seed = 7;
  CHECK(refused(b) == "a has base_seed 0 and b has 7, so they share no seed");
  CHECK_THAT(refused(folder(0.2, 0.001, 5, "0.1.0")),
             Contains("a was made by spurion 0.2.0 and b by spurion 0.1.0"));
  CHECK_NOTHROW(compare(a, folder(0.2, 0.001, 5, "0.1.0"), true));
  b = folder(0.2);
  for (TrialResult& trial : b.trials) trial.spec.seed += 100;
  CHECK_THAT(refused(b), Contains("no trial of a has a partner in b"));
}

namespace {

/// Results of a search: two samples of v_rex, of which validation rows favour the second, and as
/// many of ERM as said.
StoredResults searched(std::int64_t erm_samples, const std::string& question = {}) {
  PlantedTrials trials;
  for (std::int64_t sample = 0; sample < 2; ++sample) {
    const auto step = static_cast<double>(sample);
    for (std::int64_t seed = 0; seed < 5; ++seed) {
      for (const char* method : {"erm", "v_rex"}) {
        const bool erm = method[0] == 'e';
        const double ood = (erm ? 0.2 : 0.3 + 0.2 * step) + seed_noise(seed + (erm ? 0 : 1), 0.002);
        TrialResult& trial = trials.add(method, seed, 0.85, ood);
        trial.spec.config_index = sample;
        trial.spec.optimizer =
            Value::Table{{"learning_rate", erm && erm_samples == 1 ? 0.1 : 0.1 + step}};
        trial.measurements.push_back({0, 9, "validation", 0.0, "accuracy", 0.8 + 0.01 * step});
        trial.measurements.push_back({0, 9, "validation_test", 0.0, "accuracy", ood});
      }
    }
  }
  StoredResults results = stored(trials);
  results.context["suite"] =
      "name = \"s\"\n[[experiment]]\nname = \"e\"\n[experiment.search]\nconfigurations = 2\n"
      "fields = [\"optimizer.learning_rate\"]\n" +
      question;
  return results;
}

ComparedSelection selected(const std::string& selector) {
  return {builtin_selectors(), selector, false};
}

}  // namespace

TEST_CASE("methods are compared at the samples that a selector chose") {
  const StoredResults results = searched(2);
  const auto difference = [](const StoredResults& of, const ComparedSelection& by) {
    const Answer answer = answer_of(compared_methods(of, "v_rex", "erm", by));
    return cell_of(answer.tables.front(), "OOD", "difference").substr(0, 5);
  };
  CHECK(difference(results, selected("none")) == "0.200");  // the mean over samples
  CHECK(difference(results, selected("training_domain")) == "0.300");
  CHECK(difference(results, {builtin_selectors(), {}, false}) == "0.200");
  // Without a name the suite says which.
  const StoredResults asked =
      searched(2,
               "[[question]]\ntext = \"?\"\nkind = \"leaderboard\"\nexperiment = \"e\"\nselector = "
               "\"training_domain\"\n");
  CHECK(difference(asked, {builtin_selectors(), {}, false}) == "0.300");
  CHECK(difference(asked, selected("none")) == "0.200");
  const Answer answer = answer_of(compared_methods(asked, "v_rex", "erm", selected("oracle")));
  CHECK_THAT(answer.sentence, Contains("Hyper-parameters are selected by oracle (leak)."));
  CHECK_THAT(answer.tables.front().caption,
             Contains("chosen by the selector oracle") && Contains("test domain (leak)"));
  CHECK_THROWS_WITH(compared_methods(results, "v_rex", "erm", selected("training_domian")),
                    Contains("training_domain"));
  // No group was measured.
  CHECK_THROWS_WITH(compared_methods(results, "v_rex", "erm", selected("training_worst_group")),
                    Contains("has no score for any sample"));
}

TEST_CASE("a selector with unequal budgets is refused, means over samples are not") {
  const StoredResults results = searched(1);
  CHECK_THROWS_WITH(compared_methods(results, "v_rex", "erm", selected("training_domain")),
                    Contains("had 2 samples of v_rex to choose from and 1 sample of erm") &&
                        Contains("--selector none"));
  CHECK_NOTHROW(compared_methods(results, "v_rex", "erm", selected("none")));
}

TEST_CASE("who is better is compared with the placebo too") {
  PlantedTrials trials;
  for (std::int64_t seed = 0; seed < 5; ++seed) {
    trials.add("erm", seed, 0.85, 0.2 + seed_noise(seed, 0.002));
    trials.add("v_rex", seed, 0.85, 0.4 + seed_noise(seed + 1, 0.002));
    trials.add("sam", seed, 0.85, 0.3 + seed_noise(seed + 2, 0.002));
    trials.add("shuffled", seed, 0.85, 0.3 + seed_noise(seed + 3, 0.002));
  }
  StoredResults results = stored(trials);
  results.context["control.shuffled"] = "placebo";
  results.context["control.informed"] = "oracle";
  CHECK_THAT(answer_of(compared_methods(results, "v_rex", "erm")).sentence,
             Contains("It is also better than the control shuffled: 0.100") &&
                 Contains("In these results there is no informed (how far"));
  CHECK_THAT(answer_of(compared_methods(results, "erm", "sam")).sentence,
             Contains("It is not shown to be better than the control shuffled"));
  CHECK_THAT(answer_of(compared_methods(results, "shuffled", "erm")).sentence,
             !Contains("than the control shuffled"));
}
