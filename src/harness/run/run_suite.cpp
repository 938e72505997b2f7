#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <exception>
#include <optional>
#include <set>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include "core/counted.hpp"
#include "harness/run/run_by_looks.hpp"
#include "harness/run/run_plan.hpp"
#include "harness/run/run_session.hpp"
#include "harness/run/threads.hpp"
#include "harness/run/work_queue.hpp"
#include "harness/store/stated_questions.hpp"
#include "harness/store/stored_facts.hpp"
#include "harness/store/suite_members.hpp"
#include "nouns/seeds.hpp"
#include "spurion/error.hpp"
#include "spurion/run.hpp"

namespace spurion::harness {

namespace {

/// What makes the trials of each pack.
using Makers = std::vector<std::vector<std::shared_ptr<const Provenance>>>;

/// What the workers of a run share.
struct SharedWork {
  WorkQueue& queue;
  RunSession& session;
  const RunPlan& plan;
  const Makers& makers;
  const RunOptions& options;
};

void worker(const SharedWork& work) {
  for (std::ptrdiff_t index = work.queue.next(); index >= 0; index = work.queue.next()) {
    const auto number = static_cast<std::size_t>(index);
    const Pack& pack = work.plan.packs[number];
    const auto& makers = work.makers[number];
    PackOptions options;
    options.stop = work.options.stop != nullptr ? work.options.stop : work.queue.ending();
    options.progress = [&](double share) { work.queue.advance(number, share); };
    options.device = work.options.device;
    options.keep_models = work.options.keep_models;
    try {
      if (work.options.stop != nullptr && work.options.stop->load()) throw Interrupted("stopped");
      auto results = work.session.run(pack, options, makers.front()->facts());
      for (std::size_t i = 0; i < results.size(); ++i) results[i].made_by = makers.at(i);
      work.queue.finish(number, results);
      work.session.finish(pack);
      give_back_memory(work.plan.budget);
    } catch (...) {
      work.queue.fail(std::current_exception());
      return;
    }
  }
}

/// Starts the workers and waits for them. Throws `ResourceError` when the system gives too few
/// threads; those that run finish what they are at.
void run_workers(std::int64_t count, const SharedWork& work) {
  // LibTorch starts a pool of its own at the first use. It waits forever for threads that the
  // system refuses, so this is done before workers take what there is.
  if (count > 0) const SingleThreaded starts_the_pool;
  std::vector<std::thread> threads;
  try {
    for (std::int64_t i = 0; i < count; ++i) threads.emplace_back([&work] { worker(work); });
  } catch (const std::system_error& error) {
    work.queue.fail(std::make_exception_ptr(ResourceError(fmt::format(
        "the system gives no more threads after {} of {} ({}); use a smaller --jobs, or "
        "raise the limit on processes (ulimit -u)",
        threads.size(), core::counted(count, "worker"), error.code().message()))));
  }
  for (std::thread& thread : threads) thread.join();
}

/// Which experiments each trial belongs to: what is left of the trials of a run once they are
/// planned.
SuiteMembers members_of(const CheckedRun& run) {
  SuiteMembers members;
  members.reserve(run.ids.size());
  for (std::size_t i = 0; i < run.ids.size(); ++i) {
    members.add(run.ids[i], run.trials[i].experiment);
  }
  return members;
}

/// Trials of an experiment that a store holds.
std::int64_t held(const SuiteMembers& members, const std::string& experiment,
                  const StoredFacts& facts) {
  std::int64_t count = 0;
  for (std::size_t i = 0; i < members.size(); ++i) {
    const bool own = members.names()[members.name_of(i)] == experiment;
    count += own && facts.finished.has(members.id(i)) ? 1 : 0;
  }
  return count;
}

/// Facts of the last run that trained anything: one that finds all done keeps them.
void keep_last_run(const Store& store, std::map<std::string, std::string>& context) {
  const auto held = store.context();
  for (const char* key : {"seconds", "jobs", "processor_time", "peak_memory"}) {
    if (const auto found = held.find(key); found != held.end()) context.insert(*found);
  }
}

/// Whether the results of a store fit the memory beside what is held, so that they may be kept.
bool results_fit(const std::filesystem::path& file, double memory_bytes, std::int64_t jobs) {
  constexpr double kShare = 0.6;  // of what they take as text
  std::error_code unreadable;     // opening says what is wrong
  const auto bytes = static_cast<double>(std::filesystem::file_size(file, unreadable));
  const double total = memory_bytes > 0.0 ? memory_bytes : default_memory();
  return !unreadable && told_memory(resident_memory() + kShare * bytes, jobs) <= total;
}

/// Opens the store that is there and mends it.
void open_store(std::optional<Store>& store, CheckedRun& run, const RunOptions& options,
                std::vector<std::string>& notes) {
  const std::filesystem::path& folder = options.out;
  const bool keep = results_fit(folder / kStoreFile, options.memory_bytes, run.jobs);
  std::set<std::shared_ptr<const Provenance>> makers;
  for (const TrialSpec& trial : run.trials) makers.insert(run.maker->of(trial));
  if (makers.size() == 1) run.only_maker = *makers.begin();
  if (keep) {
    run.compact = CompactTrials(std::move(run.trials));
    run.trials = {};
  }
  store.emplace(folder, keep ? run.distinct : 0);
  for (const std::string& damage : store->damage()) {
    notes.push_back(
        fmt::format("the store in '{}' was damaged: {}. It was repaired, and lost trials of the "
                    "suite run again",
                    folder.string(), damage));
  }
  store->mend();
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

/// The plan, given what the store holds. When questions were first asked becomes a fact of the run.
RunPlan plan_with(const StoredFacts& found, const SuiteMembers& members, CheckedRun& run,
                  const RunOptions& options) {
  state_questions(
      Suite::parse(run.context.at("suite"), "suite"), found.context,
      [&](const std::string& experiment) { return held(members, experiment, found); }, run.context);
  return plan_run(run, found, options);
}

}  // namespace

}  // namespace spurion::harness

namespace spurion {

Progress run_suite(const Suite& suite, const Catalog& catalog, const RunOptions& options) {
  // Everything that can be wrong with the input is found before the output folder is touched.
  harness::CheckedRun run = harness::check_run(suite, catalog, options);
  return harness::run_suite_checked(suite, catalog, run, options);
}

}  // namespace spurion

namespace spurion::harness {

Progress run_checked(CheckedRun& run, const RunOptions& options) {
  const SuiteMembers members = members_of(run);
  Progress progress;
  // A store that is there says what is left to run; a new one is made only once the plan stands,
  // since a trial may be too large for the memory.
  std::optional<Store> opened;
  std::error_code unreadable;  // opening says what is wrong
  if (std::filesystem::exists(options.out / kStoreFile, unreadable)) {
    open_store(opened, run, options, progress.notes);
  }
  const RunPlan plan = plan_with(opened ? opened->facts() : StoredFacts(), members, run, options);
  const std::vector<Pack>& packs = plan.packs;
  if (!opened) opened.emplace(options.out);
  Store& store = *opened;

  std::set<std::string> again;
  for (const TrialId& id : plan.again) again.insert(id.text());
  // Each stays until its new result is there.
  store.replace(again);
  progress.trials_changed = static_cast<std::int64_t>(again.size());
  keep_last_run(store, run.context);
  store.set_suite_members(run.context.at("suite_name"), members, run.context);
  if (packs.empty()) run.found = store.take_content();

  progress.trials_total = plan.distinct;
  progress.trials_found = plan.found;
  progress.trials_done = progress.trials_found;
  const auto started = std::chrono::steady_clock::now();
  RunSession session(*run.pool, plan.budget.cache);
  for (const Pack& pack : packs) session.expect(pack);
  Makers makers;
  for (const Pack& pack : packs) {
    auto& own = makers.emplace_back();
    for (const TrialSpec& trial : pack.trials) own.push_back(run.maker->of(trial));
  }
  CheckpointPlan checkpoints = plan.checkpoints;
  make_checkpoint_folder(checkpoints);
  WorkQueue queue(packs, progress, store, options, plan.budget.packs);
  checkpoints.complain = [&](const std::string& problem) { queue.note(problem); };
  session.keep_checkpoints(checkpoints);
  run_workers(std::min<std::int64_t>(run.jobs, static_cast<std::int64_t>(packs.size())),
              {queue, session, plan, makers, options});
  const double seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
  if (!packs.empty()) {
    keep_facts(store, queue,
               {{"seconds", fmt::format("{:.1f}", seconds)},
                {"jobs", fmt::format("{}", run.jobs)},
                {"processor_time", work_shares(queue.progress().times)},
                {"peak_memory", fmt::format("{:.0f} MB of {:.0f} MB", peak_memory() * 1e-6,
                                            plan.budget.total * 1e-6)}});
  }
  std::error_code kept;  // packs that were stopped may be kept there
  if (std::filesystem::is_directory(checkpoints.folder, kept)) {
    std::filesystem::remove(checkpoints.folder, kept);
  }
  queue.rethrow();
  progress = queue.progress();
  progress.seconds = seconds;
  progress.share = 1.0;
  progress.seconds_left = 0.0;
  return progress;
}

}  // namespace spurion::harness
