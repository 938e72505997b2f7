#include <ATen/ATen.h>
#include <fmt/format.h>
#include <torch/nn/modules/linear.h>

#include <cmath>
#include <map>
#include <memory>
#include <set>

#include "catch.hpp"
#include "nouns/border_checks.hpp"
#include "nouns/held_out_domain.hpp"
#include "spurion/error.hpp"
#include "spurion/module_model.hpp"
#include "spurion/report.hpp"
#include "spurion/run.hpp"
#include "spurion/store.hpp"
#include "spurion/suite.hpp"
#include "temporary_folder.hpp"
#include "unit/harness/hostile_parts.hpp"

using namespace spurion;
using namespace spurion::tests;
using Catch::Contains;

namespace {

constexpr const char* kGood = R"(name = "border"
title = "What plug-ins hand over"
seeds = 2
[defaults]
environment = { name = "two_bit" }
model = { name = "linear" }
method = { name = "erm" }
regime = { name = "offline" }
optimizer = { name = "sgd", learning_rate = 0.1 }
training = { steps = 3, rows = 20, batch = 10 }
evaluation = { rows = 20, training_rows = 20 }
[[experiment]]
name = "good"
)";

/// An experiment whose grid tries all misdeeds of a section's thing.
std::string trying(const std::string& section, const std::vector<Misdeed>& misdeeds) {
  std::string text = fmt::format(
      "[[experiment]]\nname = \"{0}\"\n{0} = {{ name = \"bad_{1}\" }}\n"
      "[experiment.grid]\n\"{0}.how\" = [\"good\"",
      section, section == "environment" ? "world" : section);
  for (const Misdeed& one : misdeeds) text += fmt::format(", \"{}\"", one.how);
  return text + "]\n";
}

StoredResults run(const std::string& text, const Catalog& catalog, std::int64_t replicas = 128) {
  const TemporaryFolder folder;
  RunOptions options;
  options.out = folder.path() / "out";
  options.jobs = 1;
  options.max_replicas = replicas;
  run_suite(Suite::parse(text, "border.toml"), catalog, options);
  CHECK_FALSE(terminal_report(options.out, 100).empty());
  return read_results(options.out);
}

const std::string& how_of(const TrialSpec& spec, const std::string& section) {
  const Component& part = section == "environment" ? spec.environment
                          : section == "model"     ? spec.model
                          : section == "method"    ? spec.method
                                                   : spec.regime;
  return part.options.find("how")->as_string();
}

}  // namespace

TEST_CASE("what a plug-in does wrong fails its own trials in one sentence, and no others") {
  Catalog catalog = builtin_catalog();
  add_hostile(catalog);
  const std::map<std::string, const std::vector<Misdeed>*> all = {{"environment", &kWorldMisdeeds},
                                                                  {"model", &kModelMisdeeds},
                                                                  {"method", &kMethodMisdeeds},
                                                                  {"regime", &kRegimeMisdeeds}};
  std::string text = kGood;
  std::size_t expected = 2;
  for (const auto& [section, misdeeds] : all) {
    text += trying(section, *misdeeds);
    expected += 2 * (misdeeds->size() + 1);
  }
  const StoredResults results = run(text, catalog);
  CHECK(results.trials.size() == expected);
  for (const TrialResult& trial : results.trials) {
    const std::string& section = trial.spec.experiment;
    if (section == "good") {
      CHECK(trial.status == Status::done);
      continue;
    }
    const std::string how = how_of(trial.spec, section);
    CAPTURE(section, how, trial.message);
    if (how == "good") {
      CHECK(trial.status == Status::done);
      continue;
    }
    CHECK(trial.status == Status::failed);
    CHECK(trial.message.find('\n') == std::string::npos);
    for (const Misdeed& one : *all.at(section)) {
      if (one.how == how) CHECK_THAT(trial.message, Contains(one.said));
    }
  }
}

TEST_CASE("a wrong loss is refused alone and beside other replicas") {
  Catalog catalog = builtin_catalog();
  add_hostile(catalog);
  const std::string text =
      std::string(kGood) + "method = { name = \"bad_method\", how = \"loss_scalar\" }\n";
  for (const std::int64_t replicas : {1, 8}) {
    for (const TrialResult& trial : run(text, catalog, replicas).trials) {
      CHECK(trial.status == Status::failed);
      CHECK(trial.message ==
            "method 'bad_method': the loss is float32 [], expected float32 [K] = [1]: one loss for "
            "each replica");
    }
  }
}

TEST_CASE("a constructor that throws for one trial of a pack fails that one") {
  Catalog catalog = builtin_catalog();
  add_hostile(catalog);
  const std::string text = std::string(kGood) +
                           "method = { name = \"bad_method\" }\n[experiment.grid]\n"
                           "\"method.strength\" = [1.0, 13.0, 2.0]\n";
  const StoredResults results = run(text, catalog);
  CHECK(results.trials.size() == 6);
  for (const TrialResult& trial : results.trials) {
    const bool bad = trial.spec.method.options.find("strength")->as_number() == 13.0;
    CHECK(trial.status == (bad ? Status::failed : Status::done));
    if (bad) CHECK(trial.message == "method 'bad_method': 13 is no strength");
  }
}

TEST_CASE("a metric that takes the name of another's measurement is refused before anything runs") {
  const auto refused = [](MetricDeed deed) {
    Catalog catalog = builtin_catalog();
    add_metric(catalog, deed);
    const TemporaryFolder folder;
    RunOptions options;
    options.out = folder.path() / "out";
    std::string said;
    try {
      run_suite(Suite::parse(kGood, "border.toml"), catalog, options);
    } catch (const PluginError& error) {
      said = error.what();
    }
    CHECK_FALSE(std::filesystem::exists(options.out));
    return said;
  };
  CHECK(refused(MetricDeed::takes_accuracy) ==
        "metric 'bad_metric': its measurement 'accuracy' has the name of what metric 'accuracy' "
        "gives; give it a name of its own");
  CHECK(refused(MetricDeed::takes_gap) ==
        "metric 'bad_metric': its measurement 'gap' has the name of a number that spurion computes "
        "itself; give it a name of its own");
  CHECK(refused(MetricDeed::wrong_shape) ==
        "metric 'bad_metric': measurement 'mine' is float64 [2], expected float64 [K] = [1]");
  CHECK(refused(MetricDeed::throws) == "metric 'bad_metric': a metric that throws");
  CHECK(
      refused(MetricDeed::not_declared) ==
      "metric 'bad_metric': it gives a measurement 'mine', which is not among the columns that it "
      "declares (another)");
}

TEST_CASE("a metric that writes into predictions changes no other's numbers") {
  const auto numbers = [](const Catalog& catalog) {
    std::map<std::string, double> found;
    for (const TrialResult& trial : run(kGood, catalog).trials) {
      CHECK(trial.status == Status::done);
      for (const auto one : trial.measurements) {
        if (one.metric == "mine") continue;
        found[fmt::format("{} {} {}", trial.spec.seed, one.domain, one.metric)] = one.value;
      }
    }
    return found;
  };
  Catalog with = builtin_catalog();
  add_metric(with, MetricDeed::writes);
  const auto usual = numbers(builtin_catalog());
  CHECK(usual.size() > 20);
  CHECK(numbers(with) == usual);
}

namespace {

/// A network of torch's own.
class Network final : public ModuleModel {
 public:
  using Options = HowOptions;
  static const Schema<Options>& schema() {
    static const Schema<Options> schema;
    return schema;
  }
  Network(const Options& /*options*/, const ModelContext& context)
      : ModuleModel(
            [inputs = element_count(context.input_shape), outputs = context.outputs] {
              return torch::nn::Linear(inputs, outputs).ptr();
            },
            [](torch::nn::Module& module, const Tensor& x) {
              return std::make_pair(Tensor(),
                                    module.as<torch::nn::Linear>()->forward(x.flatten(1)));
            },
            4.0) {}
};

}  // namespace

TEST_CASE("a module trains with methods that need gradients by domain or by row") {
  Catalog catalog = builtin_catalog();
  catalog.models.add<Network>("network", "A module.", "-");
  const std::string text = std::string(kGood) + R"(model = { name = "network" }
[experiment.grid]
method = [{ name = "and_mask" }, { name = "irm_v1" }]
[[experiment]]
name = "stream"
environment = { name = "two_shortcuts" }
model = { name = "network" }
method = { name = "ewc" }
regime = { name = "continual", trajectory = "reversal", phase_count = 2 }
training = { steps = 8, rows = 20, batch = 10 }
)";
  const StoredResults results = run(text, catalog);
  CHECK(results.trials.size() == 6);
  for (const TrialResult& trial : results.trials) {
    CAPTURE(trial.spec.method.name, trial.message);
    CHECK(trial.status == Status::done);
  }
}

TEST_CASE("a method that differentiates gradients through a module is refused before it runs") {
  Catalog catalog = builtin_catalog();
  catalog.models.add<Network>("network", "A module.", "-");
  const std::string text =
      std::string(kGood) + "model = { name = \"network\" }\nmethod = { name = \"iga\" }\n";
  const TemporaryFolder folder;
  RunOptions options;
  options.out = folder.path() / "out";
  CHECK_THROWS_WITH(
      run_suite(Suite::parse(text, "border.toml"), catalog, options),
      Contains("method 'iga' differentiates gradients, but model 'network' does not support it"));
  CHECK_FALSE(std::filesystem::exists(options.out));
}

TEST_CASE("theory must have a finite number for each domain, and knows of no held-out domain") {
  const Catalog catalog = builtin_catalog();
  const auto& entry = catalog.environments.at("ridge_correlation");
  Problems problems;
  const Value options = entry.schema.normalise({}, "ridge_correlation", problems);
  const std::shared_ptr<const Environment> world =
      entry.make({options}, EnvironmentContext{0, nullptr});
  const std::vector<Domain> domains = {world->test_domain()};
  TheoryRequest request;
  request.fit = {KnownFit::Kind::ridge, 0.1};
  request.rows = 30;
  const auto theory = world->theory(request, domains);
  REQUIRE(theory.has_value());
  CHECK_NOTHROW(nouns::check_theory(*theory, domains));
  CHECK_FALSE(nouns::with_held_out_domain(world, 0)->theory(request, domains).has_value());

  CHECK_THROWS_WITH(nouns::check_theory(*theory, world->train_domains()),
                    "its theory has 1 scores for 2 domains");
  Theory wrong = *theory;
  wrong.scores[0].error = -1.0;
  CHECK_THROWS_AS(nouns::check_theory(wrong, domains), PluginError);
  wrong = *theory;
  wrong.spurious_correlation = TheoryNumber{std::nan(""), 0.0};
  CHECK_THROWS_AS(nouns::check_theory(wrong, domains), PluginError);
}
