// Schedules of the learning rate and its factors by block, from a suite to trained trials.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "catch.hpp"
#include "harness/data/environment_pool.hpp"
#include "harness/plan/preflight.hpp"
#include "harness/suite/added_options.hpp"
#include "harness/suite/trial_id.hpp"
#include "harness/suite/trial_ids.hpp"
#include "spurion/error.hpp"
#include "spurion/optimizer.hpp"
#include "spurion/run.hpp"

using namespace spurion;
using namespace spurion::harness;
using Catch::Contains;

namespace {

Suite rates_suite(const std::string& optimizer, const std::string& grid = "",
                  const std::string& regime = R"({ name = "offline" })") {
  return Suite::parse(fmt::format(R"(
name = "rates"
[[experiment]]
name = "e"
environment = {{ name = "linear_unit_tests", example = "3" }}
model = {{ name = "mlp", width = 7, depth = 2 }}
method = {{ name = "erm" }}
regime = {}
training = {{ steps = 24, rows = 37, batch = 13 }}
evaluation = {{ rows = 53, training_rows = 0 }}
optimizer = {}
[experiment.grid]
{}
)",
                                  regime, optimizer, grid),
                      "s.toml");
}

std::vector<TrialSpec> rates_trials(const std::string& optimizer) {
  return rates_suite(optimizer).trials(builtin_catalog());
}

/// Writes down the factor of replica 0's learning rate before each update.
class FactorNotes final : public Method {
 public:
  void step(ReplicaTrainer& trainer, const Batch& batch) override {
    factors.push_back(trainer.optimizer().schedule_multiplier(0));
    trainer.step_from_losses(domain_risks(trainer.forward(batch.x), batch).mean(1));
  }
  std::vector<double> factors;
};

class NoEvaluator final : public Evaluator {
 public:
  using Evaluator::count_update;
  void measure(ReplicaTrainer& /*trainer*/, std::int64_t /*phase*/,
               EvaluationScope /*scope*/) override {}
  void record(const ReplicaTrainer& /*trainer*/, std::int64_t /*phase*/, const Domain& /*domain*/,
              const std::string& /*metric*/, const Tensor& /*values*/) override {}
  void mask_inputs(const Tensor& /*mask*/) override {}
  void count_update(const ReplicaTrainer& /*trainer*/, const UpdateCounts& /*counts*/) override {}
};

/// The factors of the updates of a trial of 24 steps under a regime, schedule "linear".
std::vector<double> factors_under(const std::string& name, const Value::Table& options) {
  const Catalog catalog = builtin_catalog();
  Problems problems;
  const auto& regimes = catalog.regimes.at(name);
  const auto regime = regimes.make({regimes.schema.normalise(options, name, problems)});
  const auto& worlds = catalog.environments.at("two_bit");
  const std::shared_ptr<const Environment> world =
      worlds.make({worlds.schema.normalise({}, "two_bit", problems)},
                  EnvironmentContext{1, std::make_shared<const DataSources>()});
  const auto& models = catalog.models.at("linear");
  const auto model = models.make({models.schema.normalise({}, "linear", problems)},
                                 ModelContext{world->info().input_shape, 1});
  problems.raise();
  RegimeContext context;
  context.environments = {world};
  context.order_keys = {RandomKey(1)};
  context.training = {24, 40, 10};
  OptimizerOptions optimizer;
  optimizer.schedule = std::string("linear");
  ReplicaTrainer trainer(*model, model->initialise({RandomKey(3)}), optimizer);
  FactorNotes method;
  NoEvaluator evaluator;
  regime->run(context, method, trainer, evaluator);
  return method.factors;
}

/// 1, 1 - 1 / n, ... 1 / n
std::vector<double> falling(std::int64_t updates) {
  std::vector<double> factors;
  for (std::int64_t t = 0; t < updates; ++t) {
    factors.push_back(1.0 - static_cast<double>(t) / static_cast<double>(updates));
  }
  return factors;
}

std::vector<double> in_order(const std::vector<std::vector<double>>& parts) {
  std::vector<double> all;
  for (const auto& part : parts) all.insert(all.end(), part.begin(), part.end());
  return all;
}

using RateNumbers = std::map<std::string, Measurements>;

RateNumbers run_rates(const std::vector<TrialSpec>& trials, std::int64_t replicas) {
  const Catalog catalog = builtin_catalog();
  const auto sources = std::make_shared<const DataSources>();
  PlanOptions options;
  options.max_replicas = replicas;
  const auto packs = plan(trials, catalog, *sources, options);
  if (replicas > 1) CHECK(packs.size() == 1);
  RateNumbers numbers;
  for (const Pack& pack : packs) {
    for (const TrialResult& result : run_pack(pack, catalog, sources)) {
      CHECK(result.status == Status::done);
      numbers[result.spec.id()] = result.measurements;
    }
  }
  return numbers;
}

}  // namespace

TEST_CASE("a schedule runs over the trial offline, each phase of a sequence, and a whole stream") {
  const Value::Table stream = {{"phases", Value::List{0.9, 0.1, 0.9}}, {"pretrain_fraction", 0.5}};
  CHECK(factors_under("offline", {}) == falling(24));
  CHECK(factors_under("continual", stream) ==
        in_order({falling(12), falling(4), falling(4), falling(4)}));
  CHECK(factors_under("joint_retraining", stream) ==
        in_order({falling(12), falling(4), falling(4), falling(4)}));
  CHECK(factors_under("online", stream) == in_order({falling(12), falling(12)}));
  CHECK(factors_under("online_bandit", stream) == in_order({falling(12), falling(12)}));
}

TEST_CASE("trials with different schedules train in one pack, to the bits of each alone") {
  const std::string regime = GENERATE("offline", "continual", "online");
  const std::string name = GENERATE("sgdw", "adam");
  CAPTURE(regime, name);
  const auto trials =
      rates_suite(
          fmt::format(R"({{ name = "{}", learning_rate = 0.05, weight_decay = 0.01 }})", name),
          R"("optimizer.schedule" = ["constant", "linear", "cosine", "cooldown"]
"optimizer.warmup_fraction" = [0.0, 0.25]
"optimizer.lr_multipliers" = [{}, { last_layer = 4.0, "layer0.*" = 0.5 }])",
          fmt::format(R"({{ name = "{}" }})", regime))
          .trials(builtin_catalog());
  REQUIRE(trials.size() == 16);
  const RateNumbers together = run_rates(trials, 32);
  const RateNumbers alone = run_rates(trials, 1);
  REQUIRE(together.size() == 16);
  std::map<std::vector<double>, int> distinct;
  for (const auto& [id, rows] : together) {
    const Measurements& others = alone.at(id);
    REQUIRE(rows.size() == others.size());
    std::vector<double> values;
    for (std::size_t i = 0; i < rows.size(); ++i) {
      CHECK(rows[i].value == others[i].value);
      values.push_back(rows[i].value);
    }
    ++distinct[values];
  }
  CHECK(distinct.size() == 16);  // each setting has an effect
}

TEST_CASE("an option that was added later does not change the id of a trial that has its default") {
  const TrialSpec plain = rates_trials("{ learning_rate = 0.01 }").front();
  const std::string text = plain.canonical().canonical_json();
  for (const AddedOption& added : added_options()) {
    if (*added.component != '\0') continue;
    CAPTURE(added.section, added.name);
    CHECK(text.find(added.name) == std::string::npos);
    // In memory a trial has all options.
    REQUIRE(plain.section(added.section)->options->find(added.name) != nullptr);
    CHECK(*plain.section(added.section)->options->find(added.name) == added.default_value);
  }
  const TrialSpec written =
      rates_trials(
          R"({ learning_rate = 0.01, schedule = "constant", warmup_fraction = 0, lr_multipliers = {} })")
          .front();
  CHECK(written.id() == plain.id());
  CHECK(TrialIds()(written).text() == plain.id());
  CHECK(trial_id_of_text(text).text() == plain.id());
  const TrialSpec cosine = rates_trials(R"({ learning_rate = 0.01, schedule = "cosine" })").front();
  CHECK(cosine.id() != plain.id());
  CHECK(TrialIds()(cosine).text() == cosine.id());
  for (const TrialSpec& one : {plain, cosine}) {
    const TrialSpec back = TrialSpec::from_canonical(one.canonical());
    CHECK(back.optimizer == one.optimizer);
    CHECK(back.id() == one.id());
  }
  // As a trial was stored before there were schedules.
  CHECK(plain.id() == "9806492d28397822888fb528e22ed145");
}

TEST_CASE("the defaults of added options are those of the schemas") {
  for (const AddedOption& added : added_options()) {
    CAPTURE(added.section, added.component, added.name);
    if (*added.component != '\0') {
      const Catalog catalog = builtin_catalog();
      Problems problems;
      const Value defaults = catalog.schema(added.section, added.component)
                                 .normalise(Value(), added.component, problems);
      problems.raise();
      REQUIRE(defaults.find(added.name) != nullptr);
      CHECK(*defaults.find(added.name) == added.default_value);
      const Component whole{added.component, defaults};
      const Component written = without_added(added.section, whole);
      CHECK(written.options.find(added.name) == nullptr);
      CHECK(with_added(added.section, written).options == defaults);
      Component other = whole;
      other.options.as_table()[added.name] = "another";
      CHECK(canonical_text(added.section, other) != canonical_text(added.section, written));
      CHECK(canonical_text(added.section, whole) == canonical_text(added.section, written));
      continue;
    }
    const Value defaults =
        std::string(added.section) == "optimizer"  ? OptimizerOptions::schema().print({})
        : std::string(added.section) == "training" ? TrainingOptions::schema().print({})
                                                   : EvaluationOptions::schema().print({});
    REQUIRE(defaults.find(added.name) != nullptr);
    CHECK(*defaults.find(added.name) == added.default_value);
  }
}

TEST_CASE("a section without options, of a trial that was not trained here, stays empty") {
  CHECK(with_added("optimizer", Value()) == Value());
  CHECK(without_added("optimizer", Value()) == Value());
}

TEST_CASE("factors for blocks that a model does not have are refused before anything runs") {
  const auto check = [](const std::string& optimizer) {
    const Catalog catalog = builtin_catalog();
    const Suite suite = rates_suite(optimizer);
    EnvironmentPool pool(catalog, std::make_shared<const DataSources>());
    check_fit(suite, suite.trials(catalog), pool);
  };
  check(R"({ lr_multipliers = { layer0 = 2.0, "*.bias" = 0.0, last_layer = 3.0 } })");
  CHECK_THROWS_WITH(check(R"({ lr_multipliers = { layer9 = 2.0 } })"),
                    Contains("s.toml:") && Contains("experiment 'e': model 'mlp': lr_multipliers "
                                                    "names 'layer9'"));
  CHECK_THROWS_WITH(rates_trials("{ lr_multipliers = { layer0 = -1.0 } }"),
                    Contains("'lr_multipliers.layer0' of optimizer must be >= 0, got -1"));
  CHECK_THROWS_WITH(rates_trials("{ lr_multipliers = 3 }"),
                    Contains("'lr_multipliers' of optimizer expects a table"));
  CHECK_THROWS_WITH(rates_trials("{ lr_multipliers = { layer0 = \"big\" } }"),
                    Contains("'lr_multipliers.layer0' of optimizer expects a number"));
  CHECK_THROWS_WITH(rates_trials(R"({ schedule = "cosin" })"), Contains("did you mean 'cosine'?"));
  CHECK_THROWS_WITH(rates_trials("{ cooldown_fraction = 0 }"), Contains("must be in (0, 1]"));
}

TEST_CASE("a search draws factors from values, and a schedule from its words") {
  const auto trials = rates_suite("{}", R"(
[experiment.search]
configurations = 2
fields = ["optimizer.lr_multipliers", "optimizer.schedule"]
[experiment.search.values]
"optimizer.lr_multipliers" = [{ last_layer = 2.0 }, {}])")
                          .trials(builtin_catalog());
  REQUIRE(trials.size() == 2);
  CHECK(*trials[0].optimizer.find("lr_multipliers") == Value(Value::Table{{"last_layer", 2.0}}));
  CHECK(*trials[1].optimizer.find("lr_multipliers") == Value());
  const auto& fields = OptimizerOptions::schema().fields();
  const auto schedule = std::find_if(fields.begin(), fields.end(), [](const FieldInfo& field) {
    return field.name == "schedule";
  });
  for (const TrialSpec& trial : trials) {
    const auto& words = schedule->bounds.words;
    CHECK(std::count(words.begin(), words.end(), trial.optimizer.find("schedule")->as_string()) ==
          1);
  }
}

namespace {

/// A search of one field over four samples.
std::vector<TrialSpec> searched_trials(const std::string& field, const std::string& more) {
  return Suite::parse(fmt::format(R"(
name = "rates"
[[experiment]]
name = "e"
environment = {{ name = "two_bit" }}
model = {{ name = "mlp", width = 7, depth = 1 }}
method = {{ name = "erm" }}
regime = {{ name = "offline" }}
training = {{ steps = 4, rows = 37, batch = 13 }}
evaluation = {{ rows = 53, training_rows = 0 }}
optimizer = {{ lr_multipliers = {{ features = 0.5 }} }}
[experiment.search]
configurations = 4
fields = ["{}"]
{}
)",
                                  field, more),
                      "s.toml")
      .trials(builtin_catalog());
}

}  // namespace

TEST_CASE("a search draws a factor of one block, beside those that the suite sets") {
  const std::string field = "optimizer.lr_multipliers.last_layer";
  const auto trials =
      searched_trials(field, "ranges = { \"" + field + "\" = { log_uniform = [0.1, 10.0] } }");
  REQUIRE(trials.size() == 4);
  std::set<double> factors;
  for (const TrialSpec& trial : trials) {
    const Value& multipliers = *trial.optimizer.find("lr_multipliers");
    CHECK(multipliers.find("features")->as_number() == 0.5);
    factors.insert(multipliers.find("last_layer")->as_number());
  }
  CHECK(factors.size() == 4);
  CHECK(*factors.begin() >= 0.1);
  CHECK(*factors.rbegin() <= 10.0);
  CHECK(plan(trials, builtin_catalog(), DataSources(), {}).size() == 1);
  CHECK_THROWS_WITH(searched_trials(field, ""), Contains("has no search distribution"));
  CHECK_THROWS_WITH(searched_trials("optimizer.learning_rate.last_layer", ""),
                    Contains("is not an option of any of its trials"));
}
