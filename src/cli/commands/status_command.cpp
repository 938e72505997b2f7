#include <fmt/format.h>

#include <filesystem>
#include <memory>
#include <string>

#include "cli/command.hpp"
#include "cli/output.hpp"
#include "cli/text.hpp"
#include "harness/store/missing_trials.hpp"
#include "harness/store/plan_file.hpp"
#include "spurion/error.hpp"

namespace spurion::cli {

namespace {

struct StatusArguments {
  std::string folder;
  bool ids = false;
};

/// What is left and what to do about it.
void print_left(const harness::PlanProgress& progress, const std::string& folder) {
  if (progress.missing == 0) {
    print("nothing is missing; next: {}, {}\n", shell_line({"spurion", "merge", folder}),
          shell_line({"spurion", "report", folder}));
    return;
  }
  print("left: about {}{}\n", flops(progress.missing_work),
        progress.seconds_each > 0.0
            ? fmt::format(", {} of one core at the speed of the stored trials",
                          duration(progress.missing_seconds()))
            : "");
  print("next: {}\n", shell_line({"spurion", "submit",
                                  (std::filesystem::path(folder) / harness::kPlanFile).string(),
                                  "--missing", "--tasks", "N"}));
}

int show_status(const StatusArguments& arguments) {
  const std::filesystem::path file = std::filesystem::path(arguments.folder) / harness::kPlanFile;
  std::error_code ignored;
  if (!std::filesystem::exists(file, ignored)) {
    throw UsageError(fmt::format("'{}' has no plan; 'spurion plan SUITE --out {}' writes one",
                                 arguments.folder, arguments.folder));
  }
  const harness::TrialPlan plan = harness::read_plan(file);
  const harness::FolderTrials found = harness::trials_of_folder(arguments.folder);
  for (const std::string& damage : found.damage) {
    print(stderr, "spurion: {}. Damaged trials count as missing.\n", damage);
  }
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
  print_left(progress, arguments.folder);
  return 0;
}

}  // namespace

Command add_status(CLI::App& app, Session& /*session*/) {
  CLI::App* parser =
      app.add_subcommand("status", "Count the trials of a plan that are stored and missing");
  const auto arguments = std::make_shared<StatusArguments>();
  parser->add_option("DIR", arguments->folder, "Folder of the results, with the file suite.plan")
      ->option_text(" ")
      ->required();
  parser->add_flag("--ids", arguments->ids, "Print the ids of the missing trials, one a line");
  parser->footer(
      R"(It reads the plan, and every row of the stores in DIR and in the folders in it. Nothing is locked
or written, so that runs may go on meanwhile.

Examples:
  spurion status results/my_suite
  spurion status results/my_suite --ids)");
  return {parser, [arguments] { return show_status(*arguments); }};
}

}  // namespace spurion::cli
