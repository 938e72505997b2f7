#include "harness/run/run_plan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <unordered_map>

#include "core/release.hpp"
#include "harness/data/data_fingerprint.hpp"
#include "harness/plan/expansion.hpp"
#include "harness/plan/planner.hpp"
#include "harness/plan/preflight.hpp"
#include "harness/run/device.hpp"
#include "harness/run/kept_trials.hpp"
#include "harness/run/run_manifest.hpp"
#include "harness/run/shard_trials.hpp"
#include "harness/store/kept_results.hpp"
#include "spurion/analysis/answer.hpp"
#include "spurion/error.hpp"

namespace spurion::harness {

namespace {

/// Trials that the store does not hold, each once, with their ids; the others are let go.
void keep_missing(CheckedRun& run, const StoredFacts& stored, RunPlan& plan) {
  std::unordered_set<TrialId, TrialIdHash> seen;
  seen.reserve(run.ids.size());
  std::size_t kept = 0;
  for (std::size_t i = 0; i < run.ids.size(); ++i) {
    if (!seen.insert(run.ids[i]).second) continue;
    ++plan.distinct;
    if (stored.finished.has(run.ids[i]) && plan.again.count(run.ids[i]) == 0) continue;
    if (kept != i) {
      run.trials[kept] = std::move(run.trials[i]);
      run.ids[kept] = run.ids[i];
    }
    ++kept;
  }
  run.trials.resize(kept);
  run.ids.resize(kept);
  plan.found = plan.distinct - static_cast<std::int64_t>(kept);
}

std::int64_t count_distinct(std::vector<TrialId> ids) {
  std::sort(ids.begin(), ids.end());
  return std::unique(ids.begin(), ids.end()) - ids.begin();
}

/// Packs that were stopped in the middle, as far as all their trials are still missing and fit the
/// memory; their trials are taken out of those of `run`.
std::vector<Pack> stopped_packs(const CheckpointPlan& checkpoints, CheckedRun& run,
                                double memory_bytes) {
  std::vector<Pack> packs;
  if (checkpoints.folder.empty()) return packs;
  const auto stopped = checkpointed_packs(checkpoints.folder);
  if (stopped.empty()) return packs;
  std::unordered_map<TrialId, std::size_t, TrialIdHash> wanted;
  for (std::size_t i = 0; i < run.ids.size(); ++i) wanted.emplace(run.ids[i], i);
  std::vector<bool> taken(run.ids.size(), false);
  for (const auto& ids : stopped) {
    std::vector<std::size_t> members;
    for (const std::string& text : ids) {
      const auto id = TrialId::read(text);
      const auto found = id ? wanted.find(*id) : wanted.end();
      if (found != wanted.end() && !taken[found->second]) members.push_back(found->second);
    }
    if (members.empty() || members.size() != ids.size()) continue;
    std::vector<TrialSpec> trials;
    for (const std::size_t member : members) trials.push_back(run.trials[member]);
    Pack pack = pack_of(trials, *run.pool);
    if (memory_bytes > 0.0 && pack.memory_bytes > memory_bytes) continue;
    packs.push_back(std::move(pack));
    for (const std::size_t member : members) taken[member] = true;
  }
  std::size_t kept = 0;
  for (std::size_t i = 0; i < taken.size(); ++i) {
    if (taken[i]) continue;
    if (kept != i) run.trials[kept] = std::move(run.trials[i]);
    ++kept;
  }
  run.trials.resize(kept);
  return packs;
}

}  // namespace

CheckedRun expand_run(const Suite& suite, const Catalog& catalog, const RunOptions& options) {
  CheckedRun run;
  Expansion expansion = expand(suite, catalog, options.memory_bytes);
  run.trials = std::move(expansion.trials);
  run.ids = std::move(expansion.ids);
  run.pool = std::make_shared<EnvironmentPool>(
      catalog, std::make_shared<const DataSources>(catalog.image_sources, options.data_directory));
  prepare_device(options.device);
  run.jobs = worker_count(options.jobs, options.device);
  check_fit(suite, run.trials, *run.pool);
  run.context = run_context(suite, run.trials, *run.pool);
  // A report reads the suite again: names that files cannot have are found here, where a program
  // made it.
  (void)Suite::parse(run.context["suite"], suite.name);
  run.data = data_fingerprints(run.trials, *run.pool);
  run.maker = std::make_shared<ProvenanceMaker>(catalog, run.data, options.device);
  run.distinct = count_distinct(run.ids);
  run.context["trials"] = fmt::format("{}", run.distinct);
  return run;
}

CheckedRun check_run(const Suite& suite, const Catalog& catalog, const RunOptions& options) {
  CheckedRun run = expand_run(suite, catalog, options);
  check_output_folder(options.out);
  // Found here where memory is too little for any run, whatever the folder holds.
  (void)split_memory(options.memory_bytes, run.jobs);
  // What cannot be answered in the end is said before anything is trained.
  analysis::check_questions(suite, run.trials, catalog.questions);
  keep_shard(run, suite, options);
  return run;
}

RunPlan plan_run(CheckedRun& run, const StoredFacts& stored, const RunOptions& options) {
  RunPlan plan;
  const auto spec_at = [&](std::size_t i) {
    return run.compact.empty() ? run.trials[i] : run.compact[i];
  };
  const auto maker_at = [&](std::size_t i) {
    return run.only_maker ? run.only_maker : run.maker->of(spec_at(i));
  };
  if (stored.exists) {
    check_store_data(stored, options.out, run.data);
    plan.again = changed_trials(stored, options.out, {maker_at, run.ids}, options.changed);
  }
  bool all_found = false;
  if (stored.kept && plan.again.empty()) {
    all_found = give_specs(*stored.kept, spec_at, run.ids);
  } else if (stored.kept) {
    forget_results(*stored.kept);
  }
  if (!run.compact.empty() && !all_found) run.trials = run.compact.all();
  run.compact = {};
  if (all_found) {
    plan.distinct = count_distinct(run.ids);
    plan.found = plan.distinct;
    core::release(run.trials);
    core::release(run.ids);
  } else {
    keep_missing(run, stored, plan);
  }
  if (options.checkpoint_seconds >= 0.0) {
    plan.checkpoints.folder = options.out / "checkpoints";
    plan.checkpoints.seconds = options.checkpoint_seconds;
  }
  // Image data were read for the context, so they count as part of the process.
  plan.budget = split_memory(options.memory_bytes, run.jobs);
  PlanOptions plan_options;
  plan_options.max_replicas = options.max_replicas;
  plan_options.memory_bytes = plan.budget.packs;
  plan_options.jobs = run.jobs;
  plan_options.device = options.device;
  plan.packs = stopped_packs(plan.checkpoints, run, plan_options.memory_bytes);
  for (Pack& pack : harness::plan(std::move(run.trials), *run.pool, plan_options)) {
    plan.packs.push_back(std::move(pack));
  }
  core::release(run.trials);
  lend_to_cache(plan.budget, plan.packs, run.jobs);
  return plan;
}

}  // namespace spurion::harness
