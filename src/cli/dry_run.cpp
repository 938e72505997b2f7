#include "cli/dry_run.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <set>

#include "cli/grid.hpp"
#include "cli/text.hpp"
#include "harness/device.hpp"
#include "harness/fit_check.hpp"
#include "harness/memory_budget.hpp"
#include "spurion/run.hpp"
#include "spurion/store.hpp"

namespace spurion::cli {

namespace {

/// Ids of the trials a folder holds; none when there is no store.
std::set<std::string> stored_ids(const std::filesystem::path& folder) {
  std::set<std::string> ids;
  if (!std::filesystem::exists(folder / "store.sqlite")) return ids;
  for (const TrialResult& result : read_results(folder).trials) ids.insert(result.spec.id());
  return ids;
}

}  // namespace

void print_dry_run(const Suite& suite, const Catalog& catalog, const DryRunOptions& options) {
  const std::vector<TrialSpec> trials = suite.trials(catalog);
  const auto sources = std::make_shared<const DataSources>();
  check_fit(suite, trials, catalog, sources);
  const std::set<std::string> stored = stored_ids(options.out);
  std::set<std::string> ids;
  std::vector<TrialSpec> missing;
  std::int64_t found = 0;
  for (const TrialSpec& trial : trials) {
    const std::string id = trial.id();
    if (!ids.insert(id).second) continue;
    if (stored.count(id) != 0) {
      ++found;
    } else {
      missing.push_back(trial);
    }
  }
  fmt::print("suite {}{}\n{}", suite.name, suite.title.empty() ? "" : ": " + suite.title,
             grid_text(suite, trials, terminal_columns(STDOUT_FILENO, 100)));
  const auto distinct = static_cast<std::int64_t>(ids.size());
  const auto left = static_cast<std::int64_t>(missing.size());
  fmt::print("\n{}: {} found in {}, {} to run\n", count(distinct, "distinct trial"), found,
             options.out, left);
  if (left == 0) {
    fmt::print("dry run: nothing to run\n");
    return;
  }
  const std::int64_t jobs = worker_count(options.jobs, options.device);
  PlanOptions plan_options;
  plan_options.max_replicas = options.max_replicas;
  plan_options.memory_bytes = options.memory_bytes > 0.0 ? options.memory_bytes : usual_memory();
  plan_options.jobs = jobs;
  plan_options.device = options.device;
  const std::vector<Pack> packs = plan(missing, catalog, *sources, plan_options);
  double total_flops = 0.0;
  double most_memory = 0.0;
  std::size_t most_trials = 0;
  for (const Pack& pack : packs) {
    total_flops += pack.flops;
    most_memory = std::max(most_memory, pack.memory_bytes);
    most_trials = std::max(most_trials, pack.trials.size());
  }
  fmt::print("{} of up to {}, on {}\n", count(static_cast<std::int64_t>(packs.size()), "pack"),
             count(static_cast<std::int64_t>(most_trials), "trial"), count(jobs, "worker"));
  fmt::print("training: about {}; memory: at most {} a worker, and the image data\n",
             flops(total_flops), bytes(most_memory));
  fmt::print("dry run: nothing was run or written\n");
}

}  // namespace spurion::cli
