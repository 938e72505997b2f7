#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <exception>
#include <optional>
#include <set>
#include <system_error>
#include <thread>

#include "harness/run/pack_runner.hpp"
#include "harness/run/run_plan.hpp"
#include "harness/run/threads.hpp"
#include "harness/run/work_queue.hpp"
#include "nouns/seeds.hpp"
#include "spurion/error.hpp"
#include "spurion/run.hpp"

namespace spurion {

namespace {

/// The environments a pack uses, by their names in the cache: one of its options for each seed.
std::set<std::string> environments_of(const Pack& pack) {
  std::set<std::uint64_t> seeds;
  for (const TrialSpec& trial : pack.trials) seeds.insert(data_seed(trial));
  std::set<std::string> keys;
  for (const std::uint64_t seed : seeds) {
    keys.insert(DataCache::key(pack.trials.front().environment, seed));
  }
  return keys;
}

/// What makes the trials of each pack.
using Makers = std::vector<std::vector<std::shared_ptr<const Provenance>>>;

void worker(WorkQueue& work, const std::vector<Pack>& packs, const Catalog& catalog,
            const std::shared_ptr<const DataSources>& sources, DataCache& cache,
            const MemoryBudget& budget, const Makers& makers, CheckpointPlan checkpoints,
            const RunOptions& options) {
  for (std::ptrdiff_t index = work.next(); index >= 0; index = work.next()) {
    const auto pack = static_cast<std::size_t>(index);
    try {
      if (options.stop != nullptr && options.stop->load()) throw Interrupted("stopped");
      checkpoints.made_by = makers[pack].front()->facts();
      auto results = run_pack(
          packs[pack], catalog, sources, cache, checkpoints,
          options.stop != nullptr ? options.stop : work.ending(),
          [&](double share) { work.advance(pack, share); }, options.device);
      for (std::size_t i = 0; i < results.size(); ++i) results[i].made_by = makers[pack].at(i);
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

/// Starts the workers and waits for them. Throws `ResourceError` when the system gives too few
/// threads; those that run finish what they are at.
template <class Work>
void run_workers(std::int64_t count, WorkQueue& queue, const Work& work) {
  // LibTorch starts a pool of its own at the first use. It waits forever for threads that the
  // system refuses, so this is done before workers take what there is.
  if (count > 0) const SingleThreaded starts_the_pool;
  std::vector<std::thread> threads;
  try {
    for (std::int64_t i = 0; i < count; ++i) threads.emplace_back(work);
  } catch (const std::system_error& error) {
    queue.fail(std::make_exception_ptr(ResourceError(fmt::format(
        "the system gives no more threads after {} of {} workers ({}); use a smaller --jobs, or "
        "raise the limit on processes (ulimit -u)",
        threads.size(), count, error.code().message()))));
  }
  for (std::thread& thread : threads) thread.join();
}

/// Which experiments each trial belongs to, as the store keeps it.
Memberships memberships_of(const CheckedRun& run) {
  Memberships memberships;
  memberships.reserve(run.trials.size());
  for (std::size_t i = 0; i < run.trials.size(); ++i) {
    memberships.emplace_back(run.ids[i].text(), run.trials[i].experiment);
  }
  return memberships;
}

/// Facts of the last run that trained anything: one that finds all done keeps them.
void keep_last_run(const Store& store, std::map<std::string, std::string>& context) {
  const auto held = store.context();
  for (const char* key : {"seconds", "jobs", "processor_time", "peak_memory"}) {
    if (const auto found = held.find(key); found != held.end()) context.insert(*found);
  }
}

/// Opens the store that is there and mends it.
void open_store(std::optional<Store>& store, const std::filesystem::path& folder,
                const CheckedRun& run, std::vector<std::string>& notes) {
  store.emplace(folder);
  for (const std::string& damage : store->damage()) {
    notes.push_back(
        fmt::format("the store in '{}' was damaged: {}. It was repaired, and lost trials of the "
                    "suite run again",
                    folder.string(), damage));
  }
  store->mend();
  std::set<std::shared_ptr<const Provenance>> makers;
  for (const TrialSpec& trial : run.trials) makers.insert(run.maker->of(trial));
  store->restore(makers);
}

/// In the folder, which holds the lock by now: what a killed run left half written goes away.
void make_checkpoint_folder(const CheckpointPlan& checkpoints) {
  if (checkpoints.folder.empty()) return;
  std::error_code ignored;  // the first state that cannot be kept says so
  std::filesystem::create_directories(checkpoints.folder, ignored);
  remove_unfinished(checkpoints.folder);
}

/// Facts of the run that ended. Where results could not be written either, the reason is theirs.
void keep_facts(Store& store, WorkQueue& work, const std::map<std::string, std::string>& facts) {
  try {
    store.set_context(facts);
  } catch (const StoreError&) {
    work.rethrow();
    throw;
  }
}

}  // namespace

Progress run_suite(const Suite& suite, const Catalog& catalog, const RunOptions& options) {
  // Everything that can be wrong with the input is found before the output folder is touched.
  CheckedRun run = check_run(suite, catalog, options);
  return run_checked(run, catalog, options);
}

Progress run_checked(CheckedRun& run, const Catalog& catalog, const RunOptions& options) {
  auto memberships = memberships_of(run);
  Progress progress;
  // A store that is there says what is left to run; a new one is made only once the plan stands,
  // since a trial may be too large for the memory.
  std::optional<Store> opened;
  std::error_code unreadable;  // opening says what is wrong
  if (std::filesystem::exists(options.out / "store.sqlite", unreadable)) {
    open_store(opened, options.out, run, progress.notes);
  }
  const RunPlan plan = plan_run(run, opened ? opened->facts() : StoredFacts(), catalog, options);
  const std::vector<Pack>& packs = plan.packs;
  if (!opened) opened.emplace(options.out);
  Store& store = *opened;

  std::set<std::string> again;
  for (const TrialId& id : plan.again) again.insert(id.text());
  // Each stays until its new result is there.
  store.replace(again);
  progress.trials_changed = static_cast<std::int64_t>(again.size());
  keep_last_run(store, run.context);
  store.set_suite(run.context.at("suite_name"), memberships, run.context);
  memberships = {};

  progress.trials_total = plan.distinct;
  progress.trials_found = plan.found;
  progress.trials_done = progress.trials_found;
  const auto started = std::chrono::steady_clock::now();
  DataCache cache(plan.budget.cache);
  for (const Pack& pack : packs) {
    for (const std::string& key : environments_of(pack)) cache.expect(key);
  }
  Makers makers;
  for (const Pack& pack : packs) {
    auto& own = makers.emplace_back();
    for (const TrialSpec& trial : pack.trials) own.push_back(run.maker->of(trial));
  }
  CheckpointPlan checkpoints = plan.checkpoints;
  make_checkpoint_folder(checkpoints);
  WorkQueue work(packs, progress, store, options, plan.budget.packs);
  checkpoints.complain = [&](const std::string& problem) { work.note(problem); };
  run_workers(std::min<std::int64_t>(run.jobs, static_cast<std::int64_t>(packs.size())), work, [&] {
    worker(work, packs, catalog, run.sources, cache, plan.budget, makers, checkpoints, options);
  });
  const double seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
  if (!packs.empty()) {
    keep_facts(store, work,
               {{"seconds", fmt::format("{:.1f}", seconds)},
                {"jobs", fmt::format("{}", run.jobs)},
                {"processor_time", work_shares(work.progress().times)},
                {"peak_memory", fmt::format("{:.0f} MB of {:.0f} MB", peak_memory() * 1e-6,
                                            plan.budget.total * 1e-6)}});
  }
  std::error_code kept;  // packs that were stopped may be kept there
  if (std::filesystem::is_directory(checkpoints.folder, kept)) {
    std::filesystem::remove(checkpoints.folder, kept);
  }
  work.rethrow();
  progress = work.progress();
  progress.seconds = seconds;
  progress.share = 1.0;
  progress.seconds_left = 0.0;
  return progress;
}

}  // namespace spurion
