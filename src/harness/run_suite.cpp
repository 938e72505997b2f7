#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <exception>
#include <map>
#include <optional>
#include <set>
#include <thread>

#include "harness/context.hpp"
#include "harness/data_fingerprint.hpp"
#include "harness/device.hpp"
#include "harness/fit_check.hpp"
#include "harness/memory_budget.hpp"
#include "harness/pack_runner.hpp"
#include "harness/seeds.hpp"
#include "harness/work_queue.hpp"
#include "spurion/error.hpp"
#include "spurion/run.hpp"

namespace spurion {

namespace {

/// Trials the store does not hold, each id once.
std::vector<TrialSpec> missing_trials(const std::vector<TrialSpec>& trials,
                                      const std::set<std::string>& finished) {
  std::vector<TrialSpec> missing;
  std::set<std::string> seen;
  for (const TrialSpec& trial : trials) {
    const std::string id = trial.id();
    if (finished.count(id) == 0 && seen.insert(id).second) missing.push_back(trial);
  }
  return missing;
}

/// The environments a pack uses, by their names in the cache.
std::set<std::string> environments_of(const Pack& pack) {
  std::set<std::string> keys;
  for (const TrialSpec& trial : pack.trials)
    keys.insert(DataCache::key(trial.environment, data_seed(trial)));
  return keys;
}

/// Packs that were stopped in the middle, as far as all their trials are still missing and fit the
/// memory; their trials are taken out of `missing`.
std::vector<Pack> stopped_packs(const CheckpointPlan& checkpoints, std::vector<TrialSpec>& missing,
                                const Catalog& catalog, const DataSources& sources,
                                double memory_bytes) {
  std::vector<Pack> packs;
  if (checkpoints.folder.empty()) return packs;
  for (const auto& ids : checkpointed_packs(checkpoints.folder)) {
    std::map<std::string, TrialSpec> wanted;
    for (const TrialSpec& trial : missing) wanted.emplace(trial.id(), trial);
    std::vector<TrialSpec> trials;
    for (const std::string& id : ids) {
      if (const auto found = wanted.find(id); found != wanted.end())
        trials.push_back(found->second);
    }
    if (trials.empty() || trials.size() != ids.size()) continue;
    Pack pack = pack_of(trials, catalog, sources);
    if (memory_bytes > 0.0 && pack.memory_bytes > memory_bytes) continue;
    packs.push_back(std::move(pack));
    const std::set<std::string> taken(ids.begin(), ids.end());
    missing.erase(std::remove_if(missing.begin(), missing.end(),
                                 [&](const TrialSpec& t) { return taken.count(t.id()) != 0; }),
                  missing.end());
  }
  return packs;
}

void worker(WorkQueue& work, const std::vector<Pack>& packs, const Catalog& catalog,
            const std::shared_ptr<const DataSources>& sources, DataCache& cache,
            const MemoryBudget& budget, const CheckpointPlan& checkpoints,
            const RunOptions& options) {
  for (std::ptrdiff_t index = work.next(); index >= 0; index = work.next()) {
    const auto pack = static_cast<std::size_t>(index);
    try {
      if (options.stop != nullptr && options.stop->load()) throw Interrupted("stopped");
      const auto results = run_pack(
          packs[pack], catalog, sources, cache, checkpoints,
          options.stop != nullptr ? options.stop : work.ending(),
          [&](double share) { work.advance(pack, share); }, options.device);
      for (const std::string& key : environments_of(packs[pack])) cache.done(key);
      work.finish(pack, results);
      PackCheckpoint::discard(checkpoints, packs[pack]);
      give_back_memory(budget);
    } catch (...) {
      work.fail(std::current_exception());
      return;
    }
  }
}

/// Trials of one store are of one kind of device: the numbers of two differ in rounding, and the
/// differences grow in training.
void require_device(const Store& store, const std::map<std::string, std::string>& context,
                    const std::filesystem::path& folder, Device wanted) {
  const auto found = context.find("device");
  const std::string held = found == context.end() ? "cpu" : found->second;  // older: do not say
  if (held == device_kind(wanted) || store.finished().empty()) return;
  throw UsageError(fmt::format(
      "'{}' holds trials run on {}, which do not compare bit for bit with trials run on {}; use "
      "--device {} to go on, or another --out",
      folder.string(), held, device_kind(wanted), held));
}

}  // namespace

Progress run_suite(const Suite& suite, const Catalog& catalog, const RunOptions& options) {
  const std::vector<TrialSpec> trials = suite.trials(catalog);
  const auto sources = std::make_shared<const DataSources>(options.data_directory);
  prepare_device(options.device);
  const std::int64_t jobs = worker_count(options.jobs, options.device);
  // Everything that can be wrong with the input is found before the output folder is touched.
  check_fit(suite, trials, catalog, sources);
  auto context = run_context(suite, trials, catalog, sources);
  context["device"] = device_kind(options.device);
  const auto data = data_fingerprints(trials, catalog, sources);
  // Image data were read for the context, so they count as part of the process.
  MemoryBudget budget = split_memory(options.memory_bytes, jobs);
  PlanOptions plan_options;
  plan_options.max_replicas = options.max_replicas;
  plan_options.memory_bytes = budget.packs;
  plan_options.jobs = jobs;
  plan_options.device = options.device;
  // A store that is there says what is left to run; a new one is made only once the plan stands,
  // since a trial may be too large for the memory.
  std::optional<Store> opened;
  std::error_code unreadable;  // opening says what is wrong
  if (std::filesystem::exists(options.out / "store.sqlite", unreadable)) {
    opened.emplace(options.out);
    const auto held = opened->context();
    require_device(*opened, held, options.out, options.device);
    check_same_data(held, fmt::format("the store in '{}'", options.out.string()), data, "this run");
  }
  context.insert(data.begin(), data.end());
  std::vector<TrialSpec> missing =
      missing_trials(trials, opened ? opened->finished() : std::set<std::string>());
  const auto left = static_cast<std::int64_t>(missing.size());
  CheckpointPlan checkpoints;
  if (options.checkpoint_seconds >= 0.0) {
    checkpoints = {options.out / "checkpoints", options.checkpoint_seconds};
  }
  std::vector<Pack> packs =
      stopped_packs(checkpoints, missing, catalog, *sources, plan_options.memory_bytes);
  for (Pack& pack : plan(missing, catalog, *sources, plan_options)) {
    packs.push_back(std::move(pack));
  }
  lend_to_cache(budget, packs, jobs);
  if (!opened) opened.emplace(options.out);
  Store& store = *opened;

  store.set_context(context);
  std::vector<std::pair<std::string, std::string>> memberships;
  std::set<std::string> ids;
  for (const TrialSpec& trial : trials) {
    memberships.emplace_back(trial.id(), trial.experiment);
    ids.insert(trial.id());
  }
  store.set_memberships(memberships);

  Progress progress;
  progress.trials_total = static_cast<std::int64_t>(ids.size());
  progress.trials_found = progress.trials_total - left;
  progress.trials_done = progress.trials_found;
  const auto started = std::chrono::steady_clock::now();
  DataCache cache(budget.cache);
  for (const Pack& pack : packs) {
    for (const std::string& key : environments_of(pack)) cache.expect(key);
  }
  if (!checkpoints.folder.empty() && !packs.empty()) {
    std::error_code error;
    std::filesystem::create_directories(checkpoints.folder, error);
    if (error) {
      throw StoreError(
          fmt::format("cannot create '{}': {}", checkpoints.folder.string(), error.message()));
    }
  }
  WorkQueue work(packs, progress, store, options, budget.packs);
  std::vector<std::thread> workers;
  for (std::int64_t i = 0;
       i < std::min<std::int64_t>(jobs, static_cast<std::int64_t>(packs.size())); ++i) {
    workers.emplace_back(worker, std::ref(work), std::cref(packs), std::cref(catalog),
                         std::cref(sources), std::ref(cache), std::cref(budget),
                         std::cref(checkpoints), std::cref(options));
  }
  for (std::thread& thread : workers) thread.join();
  const double seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
  if (!packs.empty()) {
    store.set_context({{"seconds", fmt::format("{:.1f}", seconds)},
                       {"jobs", fmt::format("{}", jobs)},
                       {"processor_time", work_shares(work.progress().times)},
                       {"peak_memory", fmt::format("{:.0f} MB of {:.0f} MB", peak_memory() * 1e-6,
                                                   budget.total * 1e-6)}});
  }
  std::error_code ignored;  // packs that were stopped may be kept there
  std::filesystem::remove(checkpoints.folder, ignored);
  work.rethrow();
  progress = work.progress();
  progress.seconds = seconds;
  progress.share = 1.0;
  progress.seconds_left = 0.0;
  return progress;
}

}  // namespace spurion
