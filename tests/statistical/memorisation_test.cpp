// The memorisation worlds against Monte Carlo, and what Sagawa et al. 2020 found in them.
#include <ATen/ATen.h>

#include <cmath>
#include <map>
#include <vector>

#include "catch.hpp"
#include "spurion/analysis/statistics.hpp"
#include "spurion/run.hpp"
#include "statistical/estimates.hpp"
#include "statistical/samples.hpp"
#include "unit/environments/synthetic_worlds.hpp"

namespace spurion {
namespace {

using tests::domains_of;
using tests::estimate;
using tests::hits;
using tests::kCancelled;
using tests::synthetic_world;

constexpr std::int64_t kMemorisableRows = 100000;

/// A world as the densities of its coordinates see it.
struct Readings {
  std::int64_t core;
  double core_deviation;
  std::int64_t cue;
  double cue_deviation;
};

/// log of the density of columns first .. first + count - 1 around `centre`, up to a constant.
Tensor log_density(const Sample& sample, std::int64_t first, std::int64_t count, double deviation,
                   double centre) {
  const Tensor values = sample.x.narrow(1, first, count).to(at::kDouble);
  return (values - centre).pow(2).sum(1) / (-2.0 * deviation * deviation);
}

/// log P(core | y = +1) - log P(core | y = -1).
Tensor core_log_odds(const Sample& sample, const Readings& readings) {
  return log_density(sample, 0, readings.core, readings.core_deviation, 1.0) -
         log_density(sample, 0, readings.core, readings.core_deviation, -1.0);
}

/// The same of the cue, where the attribute disagrees with probability `shift`.
Tensor cue_log_odds(const Sample& sample, const Readings& readings, double shift) {
  const auto given = [&](double y) {
    const auto with = [&](double a, double probability) {
      return log_density(sample, readings.core, readings.cue, readings.cue_deviation, a) +
             std::log(probability);
    };
    return at::logaddexp(with(y, 1.0 - shift), with(-y, shift));
  };
  return given(1.0) - given(-1.0);
}

void check_ceilings(const char* name, const Value::Table& options, const Readings& readings,
                    double in_training) {
  const auto world = synthetic_world(name, options, 5);
  for (const Domain& domain : domains_of(*world, {0.0, 0.3, 0.9, 1.0})) {
    INFO(name << " " << domain.name);
    const Sample test = world->sample(domain, Split::test, {0, kMemorisableRows});
    const Ceilings ceilings = world->ceilings(domain);
    const Tensor core = core_log_odds(test, readings);
    const Tensor here = cue_log_odds(test, readings, domain.shift);
    const Tensor learnt = cue_log_odds(test, readings, in_training);
    CHECK(estimate(hits(core + here, test.y, kCancelled)).agrees(ceilings.bayes));
    CHECK(estimate(hits(core, test.y, kCancelled)).agrees(ceilings.invariant));
    CHECK(estimate(hits(learnt, test.y, kCancelled)).agrees(ceilings.spurious_only));
    REQUIRE(ceilings.population_erm);
    CHECK(estimate(hits(core + learnt, test.y, kCancelled)).agrees(*ceilings.population_erm));
  }
}

TEST_CASE("Sampled accuracies of the memorisation worlds agree with every ceiling") {
  // Readings bad enough that the attribute stays in doubt.
  check_ceilings("implicit_memorisation",
                 {{"core_dimensions", 4},
                  {"core_deviation", 3.0},
                  {"cue_dimensions", 6},
                  {"cue_deviation", 4.0},
                  {"disagreement", Value::List{0.1, 0.2}}},
                 {4, 3.0, 6, 4.0}, 0.15);
  check_ceilings("explicit_memorisation", {{"noise_dimensions", 3}, {"cue_deviation", 0.8}},
                 {1, 1.0, 1, 0.8}, 0.1);
  check_ceilings("explicit_memorisation", {{"noise_dimensions", 3}}, {1, 1.0, 1, 0.1}, 0.1);
}

/// Numbers of a run, by (domain, metric), method, place on the axis and seed.
using AxisNumbers =
    std::map<std::pair<std::string, std::string>,
             std::map<std::string, std::map<double, std::map<std::int64_t, double>>>>;

AxisNumbers run(const std::string& text, const char* section, const char* field) {
  const Catalog catalog = builtin_catalog();
  const auto sources = std::make_shared<const DataSources>();
  const auto trials = Suite::parse(text, "s.toml").trials(catalog);
  AxisNumbers numbers;
  for (const Pack& pack : plan(trials, catalog, *sources, {})) {
    for (const TrialResult& result : run_pack(pack, catalog, sources)) {
      REQUIRE(result.status == Status::done);
      const Value& options = std::string(section) == "model" ? result.spec.model.options
                                                             : result.spec.environment.options;
      const double place = options.find(field)->as_number();
      for (const Measurement& row : result.measurements) {
        numbers[{row.domain, row.metric}][result.spec.method.name][place][result.spec.seed] =
            row.value;
      }
    }
  }
  return numbers;
}

struct Change {
  double mean = 0.0;
  double p = 1.0;
};

/// Mean change of an error from one place to another, on the same seed, and the p-value of a
/// two-sided sign-flip test that it is 0.
Change error_change(AxisNumbers& numbers, const std::pair<std::string, std::string>& number,
                    const std::string& method, double from, double to) {
  auto& line = numbers[number][method];
  std::vector<double> changes;
  for (const auto& [seed, accuracy] : line.at(to)) {
    changes.push_back(line.at(from).at(seed) - accuracy);
  }
  return {analysis::mean(changes), analysis::sign_flip_p(changes, method + number.second)};
}

TEST_CASE(
    "reweighted random features: width lowers the average error and raises the worst group's") {
  AxisNumbers numbers = run(R"(
name = "s"
seeds = 8
[[experiment]]
name = "e"
environment = { name = "implicit_memorisation" }
model = { name = "random_features" }
regime = { name = "offline", group_labels = true }
optimizer = { name = "sgd", learning_rate = 1.0, momentum = 0.95 }
training = { steps = 300, rows = 1000, batch = 0 }
evaluation = { rows = 2000, training_rows = 1000 }
[experiment.grid]
method = [{ name = "erm" }, { name = "reweighted_erm" }, { name = "subsampled_erm" }]
"model.width" = [100, 1000]
)",
                            "model", "width");
  const auto change = [&](const char* domain, const char* metric, const char* method) {
    const Change found = error_change(numbers, {domain, metric}, method, 100, 1000);
    CAPTURE(domain, metric, method, found.mean, found.p);
    // Eight pairs of one sign: p = 2 / 256.
    CHECK(found.p <= 0.05);
    return found.mean;
  };
  // The larger model fits the training set, minority and all.
  for (const auto& [seed, accuracy] :
       numbers[{"train_0", "train_accuracy"}]["reweighted_erm"][1000]) {
    CHECK(accuracy > 0.97);
  }
  CHECK(change("in_distribution", "accuracy", "reweighted_erm") < -0.05);
  CHECK(change("test", "worst_group_accuracy", "reweighted_erm") > 0.03);
  // Throwing the majority away instead, width helps.
  CHECK(change("test", "worst_group_accuracy", "subsampled_erm") < -0.03);
  // ERM lowers the average error too, and fails the worst group at either width.
  CHECK(change("in_distribution", "accuracy", "erm") < -0.03);
  for (const double width : {100.0, 1000.0}) {
    for (const auto& [seed, accuracy] : numbers[{"test", "worst_group_accuracy"}]["erm"][width]) {
      CHECK(accuracy < 0.6);
    }
  }
}

TEST_CASE("a reweighted linear model memorises by coordinates of pure noise") {
  AxisNumbers numbers = run(R"(
name = "s"
seeds = 8
[[experiment]]
name = "e"
model = { name = "linear", initialisation = "zeros" }
method = { name = "reweighted_erm" }
regime = { name = "offline", group_labels = true }
optimizer = { name = "sgd", learning_rate = 1.0, momentum = 0.95 }
training = { steps = 1000, rows = 400, batch = 0 }
evaluation = { rows = 4000, training_rows = 400 }
environment = { name = "explicit_memorisation" }
[experiment.grid]
"environment.noise_dimensions" = [10, 2000]
)",
                            "environment", "noise_dimensions");
  const Change found =
      error_change(numbers, {"test", "worst_group_accuracy"}, "reweighted_erm", 10, 2000);
  CAPTURE(found.mean, found.p);
  CHECK(found.p <= 0.05);
  CHECK(found.mean > 0.05);
}

}  // namespace
}  // namespace spurion
