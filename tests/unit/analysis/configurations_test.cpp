// What trials are paired by.
#include "analysis/configurations.hpp"

#include <algorithm>

#include "catch.hpp"
#include "spurion/analysis/trial_fields.hpp"

using namespace spurion;

namespace {

/// What tells configurations apart, as one text.
std::string configuration_text(const TrialSpec& spec, const std::set<std::string>& without) {
  Value configuration = spec.canonical();
  for (const std::string& option : without) analysis::erase_option(configuration, option);
  for (const char* key : {"method", "regime", "seed", "config_index", "base_seed"}) {
    configuration.as_table().erase(key);
  }
  return configuration.canonical_json();
}

std::vector<TrialSpec> some_trials() {
  std::vector<TrialSpec> trials;
  for (int i = 0; i < 96; ++i) {
    TrialSpec& spec = trials.emplace_back();
    spec.environment = {i % 2 == 0 ? "world" : "world_2", Value::Table{{"shift", i % 3}}};
    spec.model = {i % 4 < 2 ? "mlp" : "linear", i % 3 == 0 ? Value() : Value::Table{{"width", 8}}};
    spec.method = {i % 2 == 0 ? "erm" : "v_rex", Value::Table{{"weight", 0.5 * i}}};
    spec.regime = {"offline", Value()};
    spec.optimizer = Value::Table{{"rate", 0.1 * (i % 5)}, {"rates", i % 5}};
    spec.training = Value::Table{{"rows", i % 7 == 0 ? 10 : 100}};
    spec.evaluation = Value();
    spec.seed = i;
  }
  return trials;
}

}  // namespace

TEST_CASE("configurations stand in the order of their texts, without options that do not count") {
  const std::vector<TrialSpec> trials = some_trials();
  for (const std::set<std::string>& without :
       {std::set<std::string>(), std::set<std::string>{"optimizer.rate", "model.width"}}) {
    std::map<std::string, std::size_t> texts;
    for (const TrialSpec& trial : trials) texts.emplace(configuration_text(trial, without), 0);
    std::size_t rank = 0;
    for (auto& [text, own] : texts) own = rank++;
    analysis::Configurations configurations(without);
    std::vector<std::size_t> numbers;
    for (const TrialSpec& trial : trials) numbers.push_back(configurations.of(trial));
    const std::vector<std::size_t> ranks = configurations.ranks();
    REQUIRE(ranks.size() == texts.size());
    CHECK(texts.size() < trials.size());
    for (std::size_t i = 0; i < trials.size(); ++i) {
      CHECK(ranks[numbers[i]] == texts.at(configuration_text(trials[i], without)));
    }
  }
}

TEST_CASE("options that differ are those with two values in some of the trials that have them") {
  const std::vector<TrialSpec> specs = some_trials();
  std::vector<TrialResult> trials(specs.size());
  std::vector<const TrialResult*> all;
  for (std::size_t i = 0; i < specs.size(); ++i) {
    trials[i].spec = specs[i];
    all.push_back(&trials[i]);
  }
  CHECK(analysis::differing_options(all) ==
        std::set<std::string>{"environment.shift", "method.weight", "optimizer.rate",
                              "optimizer.rates", "training.rows"});
  CHECK(analysis::differing_options({all.front()}).empty());
  CHECK(analysis::differing_options({}).empty());
}
