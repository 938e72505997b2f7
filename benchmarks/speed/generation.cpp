// What a trial's rows cost against what is done with them: for every environment, the processor
// time of making the training rows, as a trial makes them, as a share of the time of training the
// smallest MLP on them. Prints JSON; figures are ratios measured in this run, but for rows a
// second.
//   generation [ENVIRONMENT ...]   these environments only
#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/work_clock.hpp"
#include "measure.hpp"
#include "regimes/shared/row_source.hpp"
#include "spurion/catalog.hpp"
#include "spurion/error.hpp"
#include "spurion/run.hpp"
#include "spurion/suite.hpp"

namespace {

using namespace spurion;
using namespace spurion::regimes;

/// What benchmarks/suites/first_look.toml says of `training`: many rows, few steps.
constexpr TrainingOptions kFirstLook = {300, 5000, 128};
constexpr double kMostPercent = 15;  ///< that making the rows of a default run may take

constexpr std::int64_t kSide = 14;   ///< pixels of an image where the environment leaves a choice
constexpr double kRowsBar = 200000;  ///< wanted images a second of that size
constexpr std::int64_t kMostSeeds = 32;  ///< of a pack

/// An environment with options that need no data.
Component world(const Catalog& catalog, const std::string& name) {
  const AnySchema& schema = catalog.environments.at(name).schema;
  Value given = Value::Table{};
  const FieldInfo* source = schema.find(FieldUse::image_source);
  if (source != nullptr) given.as_table()[source->name] = "glyphs";
  if (schema.find("resolution") != nullptr) given.as_table()["resolution"] = kSide;
  Problems problems;
  Component component{name, schema.normalise(given, name, problems)};
  problems.raise();
  return component;
}

/// The trials that the planner puts side by side when there are `seeds` seeds.
Pack plan_pack(const Catalog& catalog, const DataSources& sources, const Component& environment,
               const TrainingOptions& training, std::int64_t seeds) {
  Suite suite = Suite::parse(
      fmt::format(R"(
name = "generation"
seeds = {}
[defaults]
environment = {{ name = "{}" }}
model = {{ name = "mlp", depth = 1, width = 8 }}
method = {{ name = "erm" }}
regime = {{ name = "offline" }}
training = {{ steps = {}, rows = {}, batch = {} }}
[[experiment]]
name = "generation"
)",
                  seeds, environment.name, training.steps, training.rows, training.batch),
      "generation.toml");
  std::vector<TrialSpec> trials = suite.trials(catalog);
  for (TrialSpec& trial : trials) trial.environment = environment;
  PlanOptions options;
  options.max_replicas = kMostSeeds;
  return plan(trials, catalog, sources, options).front();
}

/// Median of what `measure` returns.
double median_of(int repeats, const std::function<double()>& measure) {
  std::vector<double> times;
  for (int repeat = 0; repeat < repeats; ++repeat) times.push_back(measure());
  return speed::median(std::move(times));
}

/// Processor seconds of a whole pack, and what it made.
struct Seconds {
  double generation = 0.0;
  double gathering = 0.0;
  double training = 0.0;
  double rows = 0.0;
  std::int64_t replicas = 0;
};

SlotFunction train_slots() {
  return [](const Environment& environment) {
    std::vector<Slot> slots;
    for (const Domain& domain : environment.train_domains()) slots.push_back({domain, 0, {}});
    return slots;
  };
}

/// Rows of the smallest training set, less a fifth where it is finite: each seed deals it anew.
std::int64_t most_rows(const Environment& environment) {
  std::int64_t least = std::numeric_limits<std::int64_t>::max();
  for (const Domain& domain : environment.train_domains()) {
    least = std::min(least, environment.row_limit(domain, Split::train));
  }
  return least - least / 5;
}

Seconds measure(const Catalog& catalog, const std::shared_ptr<const DataSources>& sources,
                const Component& component, TrainingOptions training, std::int64_t seeds) {
  const auto& entry = catalog.environments.at(component.name);
  const auto probe = entry.make({component.options}, EnvironmentContext{0, sources});
  const EnvironmentInfo& info = probe->info();
  const std::vector<Domain> domains = probe->train_domains();
  training.rows = std::min(training.rows, most_rows(*probe));
  const Pack pack = plan_pack(catalog, *sources, component, training, seeds);
  const auto replicas = static_cast<std::int64_t>(pack.trials.size());

  // Every replica has a data seed of its own: nothing is shared.
  const auto make_context = [&] {
    RegimeContext context;
    context.training = training;
    for (std::int64_t k = 0; k < replicas; ++k) {
      const auto seed = static_cast<std::uint64_t>(k);
      context.environments.push_back(
          entry.make({component.options}, EnvironmentContext{seed, sources}));
      context.order_keys.push_back(RandomKey(seed).child("order"));
    }
    return context;
  };
  Seconds out;
  out.replicas = replicas;
  out.rows = static_cast<double>(replicas * training.rows) * static_cast<double>(domains.size());
  out.generation = median_of(5, [&] {
    const double start = speed::processor_seconds();
    const RegimeContext context = make_context();
    const RowSource rows(context, train_slots(), training.rows);
    return speed::processor_seconds() - start;
  });

  const RegimeContext context = make_context();
  const TrialSpec& first = pack.trials.front();
  const auto model = catalog.models.at("mlp").make({first.model.options},
                                                   ModelContext{info.input_shape, info.outputs});
  const auto method = catalog.methods.at("erm").make(
      std::vector<Value>(static_cast<std::size_t>(replicas)),
      MethodContext{info.task, replicas, static_cast<std::int64_t>(domains.size()), info.groups});
  std::vector<double> gathering;
  out.training = median_of(3, [&] {
    const RowSource rows(context, train_slots(), training.rows);
    ReplicaTrainer trainer(*model, model->initialise(context.order_keys), {});
    core::WorkClock clock;
    for (std::int64_t step = 0; step < training.steps; ++step) {
      const Batch batch = rows.batch(step, training.batch);
      const core::ActivityScope scope(core::Activity::training);
      method->step(trainer, batch);
    }
    const WorkTimes times = clock.times();
    gathering.push_back(times.data);
    return times.training;
  });
  out.gathering = speed::median(std::move(gathering));
  return out;
}

std::string run(const Catalog& catalog, const std::shared_ptr<const DataSources>& sources,
                const std::string& name) {
  const Component component = world(catalog, name);
  const auto one = [&](const TrainingOptions& training, std::int64_t seeds) {
    return measure(catalog, sources, component, training, seeds);
  };
  const Seconds pack = one({}, kMostSeeds);
  const Seconds alone = one({}, 1);
  const Seconds first_pack = one(kFirstLook, kMostSeeds);
  const Seconds first_alone = one(kFirstLook, 1);
  const auto percent = [](const Seconds& s) { return 100.0 * s.generation / s.training; };
  const bool sized = component.options.find("resolution") != nullptr;
  return fmt::format(
      "    {{\"environment\": \"{}\", \"replicas\": {}, \"generation_percent\": {:.2f}, "
      "\"bar_generation_percent\": {}, \"generation_percent_alone\": {:.2f}, "
      "\"first_look_percent\": {:.2f}, \"first_look_percent_alone\": {:.2f}, "
      "\"gathering_percent\": {:.2f}, \"{}\": {:.4g}, \"bar_images_per_second\": {}}}",
      name, pack.replicas, percent(pack), kMostPercent, percent(alone), percent(first_pack),
      percent(first_alone), 100.0 * pack.gathering / pack.training,
      sized ? "images_per_second" : "rows_per_second", first_pack.rows / first_pack.generation,
      kRowsBar);
}

}  // namespace

int main(int argc, char** argv) try {
  spurion::speed::use_one_core();
  const Catalog catalog = builtin_catalog();
  const auto sources = std::make_shared<const DataSources>();
  std::vector<std::string> worlds(argv + 1, argv + argc);
  if (worlds.empty()) worlds = catalog.environments.names();
  fmt::print("{{\n  \"rows\": [\n");
  bool first = true;
  for (const std::string& name : worlds) {
    fmt::print("{}{}", first ? "" : ",\n", run(catalog, sources, name));
    std::fflush(stdout);
    first = false;
  }
  fmt::print("\n  ]\n}}\n");
} catch (const spurion::Error& error) {
  fmt::print(stderr, "{}\n", error.what());
  return 1;
}
