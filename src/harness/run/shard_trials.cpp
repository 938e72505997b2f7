#include "harness/run/shard_trials.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <unordered_set>
#include <utility>

#include "core/blake2b.hpp"
#include "harness/data/data_fingerprint.hpp"
#include "harness/plan/expansion.hpp"
#include "harness/plan/memory_budget.hpp"
#include "harness/plan/planner.hpp"
#include "harness/run/device.hpp"
#include "harness/run/run_manifest.hpp"
#include "harness/store/deal_shards.hpp"
#include "harness/store/same_data.hpp"
#include "harness/store/stored_facts.hpp"
#include "spurion/error.hpp"
#include "spurion/version.hpp"

namespace spurion::harness {

namespace {

using Ids = std::unordered_set<TrialId, TrialIdHash>;

/// Packs with the places of their trials; those that are there a second time are `shared`.
void add_packs(const CheckedRun& run, const RunOptions& options, TrialPlan& plan) {
  if (run.ids.size() > std::numeric_limits<std::uint32_t>::max()) {
    throw UsageError("a plan has at most 4,294,967,295 trials");
  }
  Ids seen;
  seen.reserve(run.ids.size());
  std::vector<std::size_t> places;
  places.reserve(run.ids.size());
  for (std::size_t i = 0; i < run.ids.size(); ++i) {
    if (seen.insert(run.ids[i]).second) {
      places.push_back(i);
    } else {
      plan.shared.push_back({static_cast<std::uint32_t>(i), run.ids[i]});
    }
  }
  PlaceOptions grouped;
  grouped.plan.max_replicas = options.max_replicas;
  grouped.plan.device = options.device;
  grouped.any_machine = true;
  plan.trials.reserve(places.size());
  for (const PackPlaces& pack : plan_places(run.trials, places, *run.pool, grouped)) {
    plan.packs.push_back(
        {static_cast<std::uint32_t>(pack.members.size()), pack.flops, pack.memory_bytes});
    for (const std::size_t member : pack.members) {
      plan.trials.push_back({static_cast<std::uint32_t>(member), run.ids[member]});
    }
  }
}

void check_same_build(const TrialPlan& plan) {
  if (plan.code == code_identity() && plan.version == version()) return;
  throw UsageError(fmt::format(
      "the plan of suite '{}' was made by another build of spurion ({}, code {}; this one is {}, "
      "code {}): make it again with 'spurion plan'",
      plan.suite_name, plan.version, plan.code.substr(0, 8), version(),
      std::string(code_identity()).substr(0, 8)));
}

/// The trials of a shard and, of them, those that other experiments have too, by their places.
std::vector<PlannedTrial> wanted_of(const TrialPlan& plan, const Shard& shard) {
  std::vector<PlannedTrial> wanted = shard_of(plan, shard.number, shard.of);
  if (!plan.shared.empty()) {
    Ids own;
    for (const PlannedTrial& trial : wanted) own.insert(trial.id);
    for (const PlannedTrial& trial : plan.shared) {
      if (own.count(trial.id) != 0) wanted.push_back(trial);
    }
  }
  std::sort(wanted.begin(), wanted.end(),
            [](const PlannedTrial& a, const PlannedTrial& b) { return a.place < b.place; });
  return wanted;
}

void refuse_part_that_stops(const Suite& suite, const Shard& shard) {
  if (shard.of < 2 || !suite.stopping.when_decided) return;
  throw UsageError(
      "a suite with stop_when = \"decided\" cannot be split into shards: whether it stops depends "
      "on the trials of all of them");
}

}  // namespace

TrialPlan plan_of(const CheckedRun& run, const Suite& suite, const RunOptions& options,
                  const std::vector<std::string>& plugins) {
  TrialPlan plan;
  plan.suite_name = suite.name;
  plan.suite_text = run.context.at("suite");
  plan.version = version();
  plan.code = code_identity();
  for (const std::string& file : plugins) {
    plan.plugins.push_back({file, core::hex(core::file_digest(file))});
  }
  plan.data = run.data;
  plan.context = run.context;
  plan.distinct = run.distinct;
  add_packs(run, options, plan);
  return plan;
}

void keep_shard(CheckedRun& run, const Suite& suite, const RunOptions& options) {
  if (options.shard.of == 1 && options.shard.number == 1) return;
  refuse_part_that_stops(suite, options.shard);
  const TrialPlan plan = plan_of(run, suite, options);
  std::size_t kept = 0;
  for (const PlannedTrial& trial : wanted_of(plan, options.shard)) {
    // Places rise, so that none is overwritten before it is moved.
    if (kept != trial.place) {
      run.trials[kept] = std::move(run.trials[trial.place]);
      run.ids[kept] = run.ids[trial.place];
    }
    ++kept;
  }
  run.trials.resize(kept);
  run.ids.resize(kept);
}

void check_plan_plugins(const TrialPlan& plan) {
  for (const CodeFile& file : plan.plugins) {
    if (core::hex(core::file_digest(file.name)) == file.hash) continue;
    throw UsageError(fmt::format(
        "plug-in '{}' has changed since the plan of suite '{}' was made: make it again with "
        "'spurion plan'",
        file.name, plan.suite_name));
  }
}

CheckedRun check_planned(const TrialPlan& plan, const Catalog& catalog, const RunOptions& options) {
  check_same_build(plan);
  const Suite suite = Suite::parse(plan.suite_text, plan.suite_name);
  refuse_part_that_stops(suite, options.shard);
  const std::vector<PlannedTrial> wanted = wanted_of(plan, options.shard);
  std::vector<std::uint32_t> places;
  places.reserve(wanted.size());
  for (const PlannedTrial& trial : wanted) places.push_back(trial.place);
  CheckedRun run;
  Expansion expansion = expand_places(suite, catalog, places);
  run.trials = std::move(expansion.trials);
  run.ids = std::move(expansion.ids);
  const bool same =
      run.ids.size() == wanted.size() &&
      std::equal(run.ids.begin(), run.ids.end(), wanted.begin(),
                 [](const TrialId& id, const PlannedTrial& trial) { return id == trial.id; });
  if (!same) {
    throw UsageError(fmt::format(
        "the plan of suite '{}' does not name the trials that its suite has here: make it again "
        "with 'spurion plan'",
        plan.suite_name));
  }
  run.pool = std::make_shared<EnvironmentPool>(
      catalog, std::make_shared<const DataSources>(catalog.image_sources, options.data_directory));
  prepare_device(options.device);
  run.jobs = worker_count(options.jobs, options.device);
  run.context = plan.context;
  run.context["versions"] = run_description();
  run.data = data_fingerprints(run.trials, *run.pool);
  check_same_data(plan.data, fmt::format("the plan of suite '{}'", plan.suite_name), run.data,
                  "this run");
  run.maker = std::make_shared<ProvenanceMaker>(catalog, run.data, options.device);
  run.distinct = plan.distinct;
  check_output_folder(options.out);
  (void)split_memory(options.memory_bytes, run.jobs);
  return run;
}

}  // namespace spurion::harness
