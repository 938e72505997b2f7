// The regime test_time: the same training as offline, then numbers before and after adaptation.
#include <fmt/format.h>

#include <map>

#include "catch.hpp"
#include "harness/data/environment_pool.hpp"
#include "harness/plan/preflight.hpp"
#include "nouns/held_out_domain.hpp"
#include "nouns/unlabelled_rows.hpp"
#include "spurion/error.hpp"
#include "spurion/run.hpp"

using namespace spurion;
using Catch::Contains;

namespace {

/// Trials of one method under one regime, in a world of two train domains.
std::vector<TrialSpec> trials_of(const std::string& method, const std::string& regime,
                                 const std::string& training = "") {
  return Suite::parse(fmt::format(R"(
name = "adapting"
seeds = 2
[[experiment]]
name = "e"
environment = {{ name = "two_shortcuts" }}
model = {{ name = "mlp", width = 8, depth = 1, normalisation = "batch" }}
method = {{ name = "{}" }}
regime = {{ {} }}
training = {{ steps = 20, rows = 64, batch = 16{} }}
evaluation = {{ rows = 60, training_rows = 0 }}
optimizer = {{ learning_rate = 0.01 }}
)",
                                  method, regime, training),
                      "s.toml")
      .trials(builtin_catalog());
}

constexpr const char* kOffline = R"(name = "offline")";
constexpr const char* kAdapting =
    R"(name = "test_time", adaptation_batches = 3, adaptation_rows = 20)";

using Key = std::tuple<std::int64_t, std::string, std::string>;  // phase, domain, metric
using AdaptedNumbers = std::map<Key, double>;

std::vector<AdaptedNumbers> numbers_of(const std::vector<TrialSpec>& trials) {
  std::vector<AdaptedNumbers> each;
  for (const TrialResult& result : run_pack(Pack{trials, 0.0, 0.0}, builtin_catalog(), nullptr)) {
    REQUIRE(result.status == Status::done);
    AdaptedNumbers& own = each.emplace_back();
    for (const Measurement& row : result.measurements) {
      const bool added = own.emplace(Key{row.phase, row.domain, row.metric}, row.value).second;
      CHECK(added);  // nothing is measured twice
    }
  }
  return each;
}

double score(const AdaptedNumbers& numbers, std::int64_t phase,
             const std::string& domain = "test") {
  return numbers.at({phase, domain, "accuracy"});
}

}  // namespace

TEST_CASE("before adaptation the regime test_time has the numbers of offline") {
  const std::vector<AdaptedNumbers> offline = numbers_of(trials_of("erm", kOffline));
  for (const char* method : {"erm", "tent", "bn_adapt", "t3a"}) {
    CAPTURE(method);
    const std::vector<AdaptedNumbers> adapting = numbers_of(trials_of(method, kAdapting));
    bool changed = false;
    for (std::size_t k = 0; k < offline.size(); ++k) {
      for (const auto& [key, value] : offline[k]) CHECK(adapting[k].at(key) == value);
      for (const char* domain : {"test", "train_0", "in_distribution", "validation"}) {
        const double loss = adapting[k].at({1, domain, "loss"});
        changed = changed || loss != adapting[k].at({0, domain, "loss"});
      }
    }
    // A method that does not adapt has the same numbers after it.
    CHECK(changed == (std::string(method) != "erm"));
  }
}

TEST_CASE("episodic adaptation meets the trained model with each batch") {
  const std::string episodic = std::string(kAdapting) + ", episodic = true";
  const auto loss = [](const std::vector<AdaptedNumbers>& all) {
    return all.front().at({1, "test", "loss"});
  };
  CHECK(loss(numbers_of(trials_of("tent", kAdapting))) !=
        loss(numbers_of(trials_of("tent", episodic))));
  // Statistics of a batch replace those of the training: what was before does not matter.
  CHECK(loss(numbers_of(trials_of("bn_adapt", kAdapting))) ==
        loss(numbers_of(trials_of("bn_adapt", episodic))));
}

TEST_CASE("unlabelled rows are neither validation rows nor beyond what a domain has") {
  const auto environment = builtin_catalog()
                               .environments.at("two_shortcuts")
                               .make({Value()}, EnvironmentContext{7, nullptr});
  EvaluationOptions evaluation;
  evaluation.rows = 60;
  const RowRange rows =
      nouns::unlabelled_rows(*environment, environment->test_domain(), evaluation, {3, 20, false});
  CHECK(rows.first == 60);
  CHECK(rows.count == 60);
  CHECK_THROWS_WITH(trials_of("tent", kOffline),
                    Contains("needs unlabelled target rows") && Contains("offline"));
}

TEST_CASE("what does not fit adaptation is refused by name before anything runs") {
  const auto refused = [](const std::string& method, const std::string& regime) {
    const std::vector<TrialSpec> trials = trials_of(method, regime);
    const Catalog catalog = builtin_catalog();
    harness::EnvironmentPool pool(catalog, std::make_shared<const DataSources>());
    harness::check_fit(Suite(), trials, pool);
  };
  CHECK_THROWS_WITH(refused("deep_ensemble", kOffline),
                    Contains("experiment 'e'") && Contains("second copy of the model"));
  CHECK_NOTHROW(refused("tent", kAdapting));
}

TEST_CASE("scores on the way are taken before and after adaptation too") {
  std::vector<TrialSpec> trials = trials_of("tent", kAdapting);
  for (TrialSpec& trial : trials) trial.evaluation.as_table()["every"] = 10;
  const auto results = run_pack(Pack{trials, 0.0, 0.0}, builtin_catalog(), nullptr);
  std::map<std::pair<std::int64_t, std::int64_t>, int> validations;  // by update and phase
  for (const Measurement& row : results.front().measurements) {
    if (row.domain == "validation" && row.metric == "accuracy") {
      ++validations[{row.step, row.phase}];
    }
  }
  CHECK(validations.size() == 6);
}

TEST_CASE("a trial that holds out a train domain has it in the place of the test domain") {
  const std::vector<AdaptedNumbers> whole = numbers_of(trials_of("erm", kOffline));
  const std::vector<AdaptedNumbers> first =
      numbers_of(trials_of("erm", kOffline, ", held_out_domain = 0"));
  CHECK(whole.front().count({0, "train_0", "accuracy"}) == 1);
  CHECK(first.front().count({0, "train_0", "accuracy"}) == 0);
  CHECK(first.front().count({0, "train_1", "accuracy"}) == 1);
  CHECK(score(first.front(), 0) != score(whole.front(), 0));
  const std::shared_ptr<const Environment> world =
      builtin_catalog()
          .environments.at("two_shortcuts")
          .make({Value()}, EnvironmentContext{7, nullptr});
  CHECK(first.front().at({0, "test", "ceiling_bayes"}) ==
        world->ceilings(world->train_domains().front()).bayes.value);
  const auto without = nouns::with_held_out_domain(world, 1);
  CHECK(without->train_domains().size() + 1 == world->train_domains().size());
  CHECK(without->test_domain().key == world->train_domains()[1].key);
  CHECK(nouns::with_held_out_domain(world, -1) == world);
  CHECK_THROWS_WITH(nouns::with_held_out_domain(world, 9), Contains("held_out_domain = 9"));
}

TEST_CASE("a trial without a held-out domain keeps its id") {
  TrialSpec trial = trials_of("erm", kOffline).front();
  REQUIRE(trial.training.find("held_out_domain") != nullptr);
  const std::string id = trial.id();
  trial.training.as_table().erase("held_out_domain");
  CHECK(trial.id() == id);
  trial.training.as_table()["held_out_domain"] = 1;
  CHECK(trial.id() != id);
}
