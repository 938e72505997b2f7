#include <fmt/format.h>

#include <filesystem>
#include <memory>
#include <string>

#include "cli/command.hpp"
#include "cli/output.hpp"
#include "cli/text.hpp"
#include "harness/store/missing_trials.hpp"
#include "harness/store/plan_file.hpp"
#include "spurion/suite.hpp"

namespace spurion::cli {

namespace {

struct StatusArguments {
  std::string folder;
  bool ids = false;
};

/// What there is to do, and how to do it.
struct FolderPlan {
  harness::TrialPlan plan;
  std::filesystem::path file;  ///< empty: the stores of a run without a plan
};

/// The plan in a folder. Where a run made its stores without one, what the suite that they keep
/// has.
FolderPlan find_plan(const std::filesystem::path& folder, const harness::FolderTrials& found,
                     Session& session) {
  const std::filesystem::path file = folder / harness::kPlanFile;
  std::error_code ignored;
  if (std::filesystem::exists(file, ignored)) return {harness::read_plan(file), file};
  return {session.trainer().plan_of(harness::kept_suite(found, folder), session.line), {}};
}

void print_next_step(const FolderPlan& planned, const harness::FolderTrials& found,
                     const harness::PlanProgress& progress, const std::string& folder) {
  if (progress.missing == 0 && planned.file.empty() && found.stores == 1) {
    print("nothing is missing; next: {}\n", shell_line({"spurion", "report", folder}));
  } else if (progress.missing == 0) {
    print("nothing is missing; next: {}, {}\n", shell_line({"spurion", "merge", folder}),
          shell_line({"spurion", "report", folder}));
  } else if (planned.file.empty()) {
    print("next: the command 'spurion run' that made the stores makes what is missing\n");
  } else {
    print("next: {}\n",
          shell_line({"spurion", "submit", planned.file.string(), "--missing", "--tasks", "N"}));
  }
}

int show_status(const StatusArguments& arguments, Session& session) {
  const harness::FolderTrials found = harness::trials_of_folder(arguments.folder);
  for (const std::string& damage : found.damage) {
    print(stderr, "spurion: {}. Damaged trials count as missing.\n", damage);
  }
  const FolderPlan planned = find_plan(arguments.folder, found, session);
  const harness::TrialPlan& plan = planned.plan;
  if (arguments.ids) {
    for (const harness::PlannedTrial& trial : plan.trials) {
      if (found.trials.count(trial.id) == 0) print("{}\n", trial.id.text());
    }
    return 0;
  }
  const harness::PlanProgress progress = harness::progress_of(plan, found);
  print("suite {}: {} of {} are stored, in {}; {} missing\n", plan.suite_name,
        progress.planned - progress.missing, count(progress.planned, "trial"),
        count(found.stores, "store"), progress.missing);
  print("{} done, {} diverged, {} failed\n", progress.done, progress.diverged, progress.failed);
  if (progress.missing > 0) {
    print("left: about {}{}\n", flops(progress.missing_work),
          progress.seconds_each > 0.0
              ? fmt::format(", {} of one core at the speed of the stored trials",
                            duration(progress.missing_seconds()))
              : "");
    if (Suite::parse(plan.suite_text, plan.suite_name).stopping.when_decided) {
      print("the run ends earlier where its questions are decided (stop_when)\n");
    }
  }
  print_next_step(planned, found, progress, arguments.folder);
  return 0;
}

}  // namespace

Command add_status(CLI::App& app, Session& session) {
  CLI::App* parser =
      app.add_subcommand("status", "Count the trials of a suite that are stored and missing");
  const auto arguments = std::make_shared<StatusArguments>();
  parser
      ->add_option("DIR", arguments->folder,
                   "Folder of the results, with the file suite.plan or stores")
      ->option_text(" ")
      ->required();
  parser->add_flag("--ids", arguments->ids, "Print the ids of the missing trials, one a line");
  parser->footer(
      R"(It reads the plan, and every row of the stores in DIR and in the folders in it. Where 'spurion run'
made the stores without a plan, it works out the trials anew from the suite that the stores keep.
Nothing is locked or written, so that runs may go on meanwhile.

Examples:
  spurion status results/my_suite
  spurion status results/my_suite --ids)");
  return {parser, [arguments, &session] { return show_status(*arguments, session); }};
}

}  // namespace spurion::cli
