// Probes that a suite asks for: what is stored, what is refused, and what stays as it was.
#include <ATen/ATen.h>

#include <cmath>
#include <map>
#include <set>

#include "catch.hpp"
#include "core/measurement_names.hpp"
#include "harness/plan/normaliser.hpp"
#include "nouns/cue_inputs.hpp"
#include "spurion/run.hpp"
#include "unit/harness/test_suites.hpp"

using namespace spurion;
using namespace spurion::tests;
using Catch::Contains;

namespace {

constexpr const char* kEvery = R"(probes = [{ name = "input_gradient" },
  { name = "gradient_times_input" }, { name = "integrated_gradients", steps = 3 },
  { name = "smooth_grad", samples = 2 }, { name = "occlusion" },
  { name = "linear_probe", layer = "first", as = "first_layer" }, { name = "concept_direction" },
  { name = "activation_patching" }, { name = "group_influence" },
  { name = "reading_disagreement" }])";

std::string probing(const std::string& probes) {
  return replaced(tiny_suite(), "training_rows = 33 }",
                  "training_rows = 33, probe_rows = 101, " + probes + " }");
}

std::vector<TrialResult> run(const std::vector<TrialSpec>& trials, std::int64_t replicas) {
  const Catalog catalog = builtin_catalog();
  const auto sources = std::make_shared<const DataSources>();
  PlanOptions options;
  options.max_replicas = replicas;
  std::vector<TrialResult> all;
  for (const Pack& pack : plan(trials, catalog, *sources, options)) {
    for (TrialResult& result : run_pack(pack, catalog, sources)) all.push_back(std::move(result));
  }
  return all;
}

using ProbeNumbers = std::map<std::string, double>;

/// The numbers of probes and the truth beside them, by trial, domain and name.
ProbeNumbers probed(const std::vector<TrialResult>& results) {
  ProbeNumbers numbers;
  for (const TrialResult& result : results) {
    INFO(result.message);
    REQUIRE(result.status == Status::done);
    for (const MeasurementRow row : result.measurements) {
      const core::MetricId id = core::parse_metric(row.metric).id;
      if (id < core::MetricId::probe_reliance || id > core::MetricId::probing_flops) continue;
      numbers[result.spec.id() + ' ' + row.domain + ' ' + row.metric + ' ' +
              std::to_string(row.step)] = row.value;
    }
  }
  return numbers;
}

}  // namespace

TEST_CASE("probes are measured in every train domain, alone and among others the same") {
  const Suite suite = Suite::parse(probing(kEvery), "s.toml");
  std::vector<TrialSpec> trials = suite.trials(builtin_catalog());
  trials.resize(6);
  const std::vector<TrialResult> results = run(trials, 128);
  const ProbeNumbers together = probed(results);
  const ProbeNumbers alone = probed(run(trials, 1));
  REQUIRE(together.size() == alone.size());
  for (const auto& [name, value] : together) {
    INFO(name);
    CHECK(alone.at(name) == value);
  }
  std::set<std::string> labels;
  for (const MeasurementRow row : results.front().measurements) {
    const auto probe = core::parse_probe(row.metric);
    if (!probe || row.domain != "in_distribution") continue;
    CHECK(probe->cue == "x2");
    CHECK((row.value >= 0.0 && row.value <= 1.0));
    labels.insert(probe->label);
  }
  CHECK(labels == std::set<std::string>{"input_gradient", "gradient_times_input",
                                        "integrated_gradients", "smooth_grad", "occlusion",
                                        "first_layer", "concept_direction", "activation_patching",
                                        "group_influence", "reading_disagreement"});
  const Measurements& numbers = results.front().measurements;
  // Of the only cue, on the same rows, the truth is what was known before.
  CHECK(numbers.last("train_0", "cue_flip_rate_x2") == numbers.last("train_0", "flip_rate"));
  CHECK(numbers.last("train_0", "output_change_x2").has_value());
  CHECK(numbers.last("train_1", "probing_flops_occlusion").value_or(0.0) > 0.0);
  CHECK_FALSE(numbers.last("test", "output_change_x2").has_value());
}

TEST_CASE("trials without probes are what they were, and probes are part of a trial") {
  const Catalog catalog = builtin_catalog();
  const auto first = [&](const std::string& text) {
    return Suite::parse(text, "s.toml").trials(catalog).front();
  };
  const TrialSpec plain = first(tiny_suite());
  CHECK(first(replaced(tiny_suite(), "training_rows = 33 }", "training_rows = 33, probes = [] }"))
            .id() == plain.id());
  const TrialSpec asked = first(probing(R"(probes = [{ name = "linear_probe" }])"));
  CHECK(asked.id() != plain.id());
  // The options of a probe are filled in, so that the same probe is the same trial.
  CHECK(first(probing(R"(probes = [{ name = "linear_probe", layer = "last" }])")).id() ==
        asked.id());
  CHECK(TrialSpec::from_canonical(asked.canonical()).id() == asked.id());
  // They change no number that was there before.
  const auto numbers = [&](const TrialSpec& trial) { return run({trial}, 1).front().measurements; };
  const Measurements with = numbers(asked);
  for (const MeasurementRow row : numbers(plain)) {
    INFO(row.domain << ' ' << row.metric);
    CHECK(with.last(row.domain, row.metric) == row.value);
  }
}

TEST_CASE("probes that do not fit are refused before anything runs") {
  const Catalog catalog = builtin_catalog();
  const auto refused = [&](const std::string& probes) {
    try {
      (void)Suite::parse(probing(probes), "s.toml").trials(catalog);
    } catch (const UsageError& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  CHECK_THAT(refused(R"(probes = [{ name = "input_gradients" }])"),
             Contains("s.toml:9") && Contains("did you mean 'input_gradient'?"));
  CHECK_THAT(refused(R"(probes = [{ layer = "last" }])"), Contains("has no name"));
  CHECK_THAT(refused(R"(probes = [{ name = "occlusion", layer = "last" }])"),
             Contains("unknown option 'layer' of occlusion"));
  CHECK_THAT(refused(R"(probes = [{ name = "occlusion" }, { name = "occlusion" }])"),
             Contains("two probes are called 'occlusion'"));
  CHECK_THAT(refused(R"(probes = [{ name = "occlusion", as = "a_on_b" }])"), Contains("'_on_'"));
  CHECK_THAT(refused(R"(probes = [{ name = "occlusion", as = "A" }])"), Contains("'A'"));

  const std::string layers = R"(probes = [{ name = "linear_probe" }])";
  CHECK(fit_problem(probing(layers), catalog).empty());
  CHECK_THAT(fit_problem(replaced(probing(layers), R"("mlp", width = 5, depth = 1)", R"("linear")"),
                         catalog),
             Contains("probe 'linear_probe' cannot be used here") &&
                 Contains("model 'linear' does not show any"));
  CHECK_THAT(fit_problem(replaced(probing(layers), R"("two_bit")", R"("chain_sem")"), catalog),
             Contains("the label is a number"));
}

TEST_CASE("what carries a cue follows from the twins of training rows") {
  const Catalog catalog = builtin_catalog();
  const auto world = [&](const std::string& name, const Value& given) {
    Problems problems;
    const auto& entry = catalog.environments.at(name);
    const Value options = entry.schema.normalise(given, name, problems);
    problems.raise();
    return entry.make({options}, EnvironmentContext{1, std::make_shared<const DataSources>()});
  };
  const auto bits = world("two_bit", {});
  const CueInputs bit = nouns::cue_inputs_of(*bits, bits->info().cue);
  CHECK_FALSE(bit.between_channels);
  CHECK(bit.leaves_something());
  CHECK(bit.mask.sum().item<std::int64_t>() > 0);
  const auto images = world("coloured_images", Value::Table{{"source", "glyphs"}});
  const CueInputs colour = nouns::cue_inputs_of(*images, images->info().cue);
  CHECK(colour.between_channels);
  const Tensor x =
      images->sample(images->train_domains().front(), Split::train, {0, 5}).x.unsqueeze(0);
  const Tensor own = colour.part(x);
  const Tensor rest = x - own;
  CHECK(at::allclose(colour.part(own), own, 1e-5, 1e-6));
  CHECK(std::abs((own * rest).sum().item<double>()) < 1e-3);
  // Another colour turns the sign of its part and leaves the rest.
  const Tensor twin = images
                          ->sample(images->train_domains().front(), Split::train, {0, 5},
                                   Intervention::flip(images->info().cue))
                          .x.unsqueeze(0);
  CHECK(at::allclose(colour.part(twin), -own, 1e-5, 1e-6));
  CHECK(at::allclose(twin - colour.part(twin), rest, 1e-5, 1e-6));
}
