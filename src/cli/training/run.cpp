#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <optional>
#include <vector>

#include "analysis/chosen_trials.hpp"
#include "cli/curve_output.hpp"
#include "cli/output.hpp"
#include "cli/text.hpp"
#include "cli/training/actions.hpp"
#include "cli/training/dry_run.hpp"
#include "cli/training/progress.hpp"
#include "cli/training/stop_signal.hpp"
#include "cli/training/suite_plugins.hpp"
#include "harness/run/run_by_looks.hpp"
#include "harness/run/run_plan.hpp"
#include "harness/run/shard_trials.hpp"
#include "harness/store/identified_results.hpp"
#include "harness/store/plan_file.hpp"
#include "harness/store/staged_folder.hpp"
#include "report/terminal.hpp"
#include "spurion/error.hpp"
#include "spurion/run.hpp"

namespace spurion::cli {

static_assert(kDefaultMaxReplicas == kDefaultReplicas, "what --help says is what runs do");

namespace {

void print_notes(const Progress& progress) {
  for (const std::string& note : progress.notes) print(stderr, "spurion: {}\n", note);
}

void print_summary(const harness::Outcomes& outcomes, const Progress& progress,
                   const std::string& out) {
  const std::int64_t ran = progress.trials_total - progress.trials_found;
  print("{} in {}: {} done, {} diverged, {} failed", count(progress.trials_total, "trial"), out,
        outcomes.done, outcomes.diverged, outcomes.failed);
  if (ran == 0) {
    print("; all were found in the store\n");
  } else {
    print("; {} found in the store, {} run in {}{}\n", progress.trials_found, ran,
          duration(progress.seconds),
          progress.trials_changed == 0
              ? ""
              : fmt::format(", {} of them in place of trials that something else had made",
                            progress.trials_changed));
    print("processor time: {}\n", work_shares(progress.times));
    print("peak memory: {}\n", outcomes.peak_memory);
  }
  constexpr std::size_t kMessages = 5;
  std::size_t shown = 0;
  for (const auto& [message, times] : outcomes.messages) {
    if (shown++ == kMessages) {
      print("  and {}\n",
            count(static_cast<std::int64_t>(outcomes.messages.size() - kMessages), "more kind"));
      break;
    }
    print("  {}: {}\n", count(times, "time"), message);
  }
}

std::string resume_message(const Progress& progress, const RunArguments& arguments,
                           const CommandLine& line) {
  const std::string stored =
      progress.trials_total == 0
          ? "before the first trial"
          : fmt::format("{} of {} are stored in {}", progress.trials_done,
                        count(progress.trials_total, "trial"), arguments.out);
  return fmt::format("stopped; {}. The same command resumes the run:\n  {}", stored,
                     shell_line(line.words));
}

/// What a run is asked for: a suite, or the plan of one.
struct Asked {
  Suite suite;
  std::optional<harness::TrialPlan> plan;
};

Asked read_asked(const RunArguments& arguments, const CommandLine& line, Catalog& catalog) {
  Asked asked;
  if (!harness::is_plan(arguments.suite)) {
    asked.suite = Suite::load(arguments.suite);
    limit_seeds(asked.suite, arguments.seeds);
    load_suite_plugins(asked.suite, arguments.suite, line, catalog);
    return asked;
  }
  if (arguments.seeds > 0) {
    throw UsageError("a plan has its seeds: give --seeds to 'spurion plan'");
  }
  asked.plan = harness::read_plan(arguments.suite);
  harness::check_plan_plugins(*asked.plan);
  load_plan_plugins(*asked.plan, line, catalog);
  asked.suite = Suite::parse(asked.plan->suite_text, asked.plan->suite_name);
  return asked;
}

/// The folder of the results. Shards of what a plan says is missing have folders of their own.
std::string output_folder(const RunArguments& arguments, const Suite& suite) {
  const std::filesystem::path file = arguments.suite;
  const bool planned = harness::is_plan(file);
  std::string out = arguments.out;
  if (out.empty() && planned) out = file.has_parent_path() ? file.parent_path().string() : ".";
  if (out.empty()) out = "results/" + suite.name;
  if (arguments.shards == 1) return out;
  const bool whole = !planned || file.filename() == harness::kPlanFile;
  return out + fmt::format("/{}shard_{}_of_{}", whole ? "" : file.stem().string() + "_",
                           arguments.shard, arguments.shards);
}

/// Where the run works: on a local disk where the folder of the results lies on a network file
/// system.
harness::StagedFolder staged_folder(const RunOptions& options) {
  harness::StagingOptions staging = harness::staging_for(options.out);
  if (options.checkpoint_seconds > 0.0) staging.seconds = options.checkpoint_seconds;
  staging.complain = [](const std::string& problem) { print(stderr, "spurion: {}\n", problem); };
  return {options.out, std::move(staging)};
}

}  // namespace

int run(RunArguments arguments, const CommandLine& line, Catalog& catalog) {
  Asked asked = read_asked(arguments, line, catalog);
  const Suite& suite = asked.suite;
  arguments.out = output_folder(arguments, suite);
  const Device device = named_device(arguments.device);
  RunOptions options;
  options.out = arguments.out;
  options.jobs = arguments.jobs;
  options.max_replicas = arguments.replicas;
  options.memory_bytes = arguments.memory_bytes;
  if (arguments.checkpoint_seconds) options.checkpoint_seconds = *arguments.checkpoint_seconds;
  options.device = device;
  options.shard = {arguments.shard, arguments.shards};
  if (!arguments.keep_models.empty()) {
    options.keep_models = {options.out / "models", analysis::chosen_trials(arguments.keep_models)};
  }
  options.changed = arguments.rerun_changed ? Changed::rerun
                    : arguments.allow_mixed ? Changed::allow
                                            : Changed::refuse;
  std::optional<StopSignal> stop;
  if (!arguments.dry_run) {
    stop.emplace();
    options.stop = &stop->requested();
  }
  harness::CheckedRun checked = asked.plan ? harness::check_planned(*asked.plan, catalog, options)
                                           : harness::check_run(suite, catalog, options);
  asked.plan.reset();
  if (!arguments.keep_models.empty()) analysis::check_chosen(arguments.keep_models, checked.trials);
  if (arguments.dry_run) {
    print_dry_run(suite, checked, options);
    return 0;
  }
  if (arguments.shards > 1 && checked.trials.empty()) {
    print("shard {} of {} has no trials\n", arguments.shard, arguments.shards);
    return 0;
  }
  std::vector<harness::TrialId> ids = checked.ids;
  std::sort(ids.begin(), ids.end());
  harness::StagedFolder staged = staged_folder(options);
  options.out = staged.path();
  Progress progress;
  {
    ProgressDisplay display(suite.name, options.stop);
    options.progress = [&](const Progress& now) {
      progress = now;
      if (!arguments.quiet) display.update(now);
    };
    try {
      progress = harness::run_suite_checked(suite, catalog, checked, options);
      staged.finish();
    } catch (const Interrupted&) {
      staged.finish();
      print_notes(progress);
      throw Interrupted(resume_message(progress, arguments, line));
    }
  }
  print_notes(progress);
  std::shared_ptr<harness::StoreContent> found = std::move(checked.found);
  checked = {};  // makes room for the results
  asked = {};    // for its lists of values, too
  const harness::IdentifiedResults results =
      harness::read_identified(arguments.out, {}, std::move(found));
  const harness::Outcomes outcomes = harness::outcomes_of(results, ids);
  if (!arguments.quiet) {
    print("{}\n",
          report::terminal_text(results, terminal_columns(STDOUT_FILENO, 100), catalog.questions));
    print_summary(outcomes, progress, arguments.out);
    print("for charts: {}\n", shell_line({"spurion", "report", arguments.out}));
  }
  if (arguments.log_curves) {
    write_and_print_curves(results.results, options.out / "curves", arguments.quiet);
  }
  if (arguments.strict && outcomes.diverged + outcomes.failed > 0) {
    print(stderr, "spurion: --strict: {} diverged, {} failed\n", count(outcomes.diverged, "trial"),
          outcomes.failed);
    return static_cast<int>(ExitCode::diverged);
  }
  return 0;
}

}  // namespace spurion::cli
