#include "cli/training/dry_run.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "analysis/controls.hpp"
#include "analysis/looks.hpp"
#include "cli/output.hpp"
#include "cli/text.hpp"
#include "cli/training/grid.hpp"
#include "harness/store/recorded_rows.hpp"

namespace spurion::cli {

namespace {

/// Which controls the experiments lack that compare methods; empty where none lacks any.
std::string controls_text(const std::vector<TrialSpec>& trials, const Catalog& catalog) {
  std::map<std::string, std::string> controls;
  for (const std::string& name : catalog.methods.names()) {
    const Control control = catalog.methods.at(name).info.control;
    if (control != Control::none) controls[name] = control_name(control);
  }
  std::map<std::string, std::set<std::string>> methods;  // by experiment
  for (const TrialSpec& trial : trials) methods[trial.experiment].insert(trial.method.name);
  std::map<std::string, std::vector<std::string>> lacking;  // experiments, by what they lack
  for (const auto& [experiment, names] : methods) {
    if (names.size() < 2) continue;
    const std::string missing = analysis::missing_controls(controls, names);
    if (!missing.empty()) lacking[missing].push_back(experiment);
  }
  std::string text;
  for (const auto& [missing, experiments] : lacking) {
    text += fmt::format("There is no {} in {}. ", missing, fmt::join(experiments, ", "));
  }
  return text;
}

/// When a run of the suite may stop.
std::string stopping_text(const Suite& suite) {
  std::string text;
  for (const Experiment& one : suite.experiments) {
    const std::vector<analysis::Look> looks = analysis::looks_of(suite.stopping, one.seeds);
    std::vector<std::string> seeds;
    for (const analysis::Look& look : looks) {
      seeds.push_back(fmt::format("{} (level {:.2g})", look.seeds, look.level));
    }
    text += fmt::format("{} is looked at when it has {} seeds. ", one.name, fmt::join(seeds, ", "));
  }
  return text +
         "It gets no further seeds once all questions about it are decided. The numbers below "
         "count "
         "all seeds. ";
}

}  // namespace

void print_dry_run(const Suite& suite, harness::CheckedRun& run, const RunOptions& options) {
  const std::string grid = grid_text(suite, run.trials, terminal_columns(STDOUT_FILENO, 100));
  const std::string controls = controls_text(run.trials, run.pool->catalog());
  const harness::StoredFacts stored = harness::read_facts(options.out);
  const harness::RunPlan plan = harness::plan_run(run, stored, options);
  print("suite {}{}\n{}", suite.name, suite.title.empty() ? "" : ": " + suite.title, grid);
  if (suite.stopping.when_decided) {
    print("\n{}", wrapped(stopping_text(suite), terminal_columns(STDOUT_FILENO, 100), 2));
  }
  if (!controls.empty()) {
    print("\nmethods are compared without all controls:\n{}",
          wrapped(controls, terminal_columns(STDOUT_FILENO, 100), 2));
  }
  if (options.shard.of > 1) {
    print("\nshard {} of {} has {} of {}\n", options.shard.number, options.shard.of, plan.distinct,
          count(run.distinct, "trial"));
  }
  print("\n{}: {} found in {}, {} to run\n", count(plan.distinct, "distinct trial"), plan.found,
        options.out.string(), plan.distinct - plan.found);
  for (const auto& [world, lines] : harness::recorded_rows(run.context)) {
    print("\nrows of {}, in the splits of seed 0:\n", world);
    for (const std::string& line : lines) {
      print("{}", wrapped(line, terminal_columns(STDOUT_FILENO, 100), 2));
    }
  }
  for (const std::string& damage : stored.damage) {
    print("the store is damaged: {}; a run repairs it\n", damage);
  }
  if (!plan.again.empty()) {
    print("to be made again, because something else made them: {}\n",
          count(static_cast<std::int64_t>(plan.again.size()), "trial"));
  }
  if (plan.packs.empty()) {
    print("dry run: nothing to run\n");
    return;
  }
  double total_flops = 0.0;
  double most_memory = 0.0;
  std::size_t most_trials = 0;
  for (const Pack& pack : plan.packs) {
    total_flops += pack.flops;
    most_memory = std::max(most_memory, pack.memory_bytes);
    most_trials = std::max(most_trials, pack.trials.size());
  }
  print("{} of up to {}, on {}\n", count(static_cast<std::int64_t>(plan.packs.size()), "pack"),
        count(static_cast<std::int64_t>(most_trials), "trial"), count(run.jobs, "worker"));
  print("training: about {}; memory: at most {} a worker, and the image data\n", flops(total_flops),
        bytes(most_memory));
  print("dry run: nothing was run or written\n");
}

}  // namespace spurion::cli
