#include <ATen/ATen.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <ctime>
#include <exception>
#include <mutex>
#include <thread>

#include "harness/context.hpp"
#include "spurion/error.hpp"
#include "spurion/run.hpp"

namespace spurion {

namespace {

double half_of_memory() {
  return 0.5 * static_cast<double>(sysconf(_SC_PHYS_PAGES)) *
         static_cast<double>(sysconf(_SC_PAGESIZE));
}

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

/// Packs handed out to workers, and what they say back.
class Work {
 public:
  Work(const std::vector<Pack>& packs, Progress progress, Store& store, const RunOptions& options)
      : packs_(&packs),
        progress_(progress),
        store_(&store),
        options_(&options),
        started_(std::chrono::steady_clock::now()),
        share_(packs.size(), 0.0) {
    for (const Pack& pack : packs) total_flops_ += pack.flops + kOverheadFlops;
  }

  /// Index of the next pack, or -1 when there is none or the run is ending.
  std::ptrdiff_t next() {
    const std::lock_guard<std::mutex> guard(mutex_);
    if (failure_ || ending_.load() || next_ == packs_->size()) return -1;
    return static_cast<std::ptrdiff_t>(next_++);
  }
  void advance(std::size_t pack, double share) {
    const std::lock_guard<std::mutex> guard(mutex_);
    share_[pack] = share;
    report();
  }
  void finish(std::size_t pack, const std::vector<TrialResult>& results) {
    store_->append(results);
    const std::lock_guard<std::mutex> guard(mutex_);
    share_[pack] = 1.0;
    progress_.trials_done += static_cast<std::int64_t>(results.size());
    for (const TrialResult& result : results) {
      progress_.diverged += result.status == Status::diverged ? 1 : 0;
      progress_.failed += result.status == Status::failed ? 1 : 0;
    }
    last_report_ = {};
    report();
  }
  void fail(std::exception_ptr failure) {
    const std::lock_guard<std::mutex> guard(mutex_);
    if (!failure_) failure_ = std::move(failure);
    ending_.store(true);
  }
  [[nodiscard]] const std::atomic<bool>* ending() const { return &ending_; }
  void rethrow() const {
    if (failure_) std::rethrow_exception(failure_);
  }
  [[nodiscard]] Progress progress() const { return progress_; }

 private:
  // A pack costs something besides its arithmetic; keeps the estimate sane for tiny packs.
  static constexpr double kOverheadFlops = 1e9;

  void report() {
    const auto now = std::chrono::steady_clock::now();
    if (now - last_report_ < std::chrono::milliseconds(100)) return;
    last_report_ = now;
    double done = 0.0;
    for (std::size_t i = 0; i < share_.size(); ++i) {
      done += share_[i] * ((*packs_)[i].flops + kOverheadFlops);
    }
    progress_.share = total_flops_ > 0.0 ? done / total_flops_ : 1.0;
    progress_.seconds = std::chrono::duration<double>(now - started_).count();
    progress_.seconds_left = progress_.share > 0.005
                                 ? progress_.seconds * (1.0 - progress_.share) / progress_.share
                                 : -1.0;
    if (options_->progress) options_->progress(progress_);
  }

  const std::vector<Pack>* packs_;
  Progress progress_;
  Store* store_;
  const RunOptions* options_;
  std::chrono::steady_clock::time_point started_;
  std::chrono::steady_clock::time_point last_report_;
  std::vector<double> share_;
  double total_flops_ = 0.0;
  std::mutex mutex_;
  std::size_t next_ = 0;
  std::exception_ptr failure_;
  std::atomic<bool> ending_{false};
};

void worker(Work& work, const std::vector<Pack>& packs, const Catalog& catalog,
            const std::shared_ptr<const DataSources>& sources, const RunOptions& options) {
  for (std::ptrdiff_t index = work.next(); index >= 0; index = work.next()) {
    const auto pack = static_cast<std::size_t>(index);
    try {
      if (options.stop != nullptr && options.stop->load()) throw Interrupted("stopped");
      const auto results = run_pack(packs[pack], catalog, sources,
                                    options.stop != nullptr ? options.stop : work.ending(),
                                    [&](double share) { work.advance(pack, share); });
      work.finish(pack, results);
    } catch (...) {
      work.fail(std::current_exception());
      return;
    }
  }
}

}  // namespace

Progress run_suite(const Suite& suite, const Catalog& catalog, const RunOptions& options) {
  const std::vector<TrialSpec> trials = suite.trials(catalog);
  const auto sources = std::make_shared<const DataSources>(options.data_directory);
  const auto cores = static_cast<std::int64_t>(std::max(1U, std::thread::hardware_concurrency()));
  const std::int64_t jobs = options.jobs > 0 ? options.jobs : cores;
  PlanOptions plan_options;
  plan_options.max_replicas = options.max_replicas;
  plan_options.memory_bytes =
      (options.memory_bytes > 0.0 ? options.memory_bytes : half_of_memory()) /
      static_cast<double>(jobs);
  // Everything that can be wrong with the input is found before the output folder is touched.
  const auto context = run_context(suite, trials, catalog, sources);
  Store store(options.out);
  const std::set<std::string> finished = store.finished();
  const std::vector<TrialSpec> missing = missing_trials(trials, finished);
  const std::vector<Pack> packs = plan(missing, catalog, *sources, plan_options);

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
  progress.trials_found = progress.trials_total - static_cast<std::int64_t>(missing.size());
  progress.trials_done = progress.trials_found;
  const auto started = std::chrono::steady_clock::now();
  Work work(packs, progress, store, options);
  std::vector<std::thread> workers;
  for (std::int64_t i = 0;
       i < std::min<std::int64_t>(jobs, static_cast<std::int64_t>(packs.size())); ++i) {
    workers.emplace_back(worker, std::ref(work), std::cref(packs), std::cref(catalog),
                         std::cref(sources), std::cref(options));
  }
  for (std::thread& thread : workers) thread.join();
  const double seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
  if (!packs.empty()) {
    store.set_context(
        {{"seconds", fmt::format("{:.1f}", seconds)}, {"jobs", fmt::format("{}", jobs)}});
  }
  work.rethrow();
  progress = work.progress();
  progress.seconds = seconds;
  progress.share = 1.0;
  progress.seconds_left = 0.0;
  return progress;
}

}  // namespace spurion
