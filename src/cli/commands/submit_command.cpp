#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "cli/command.hpp"
#include "cli/output.hpp"
#include "cli/slurm.hpp"
#include "cli/text.hpp"
#include "harness/store/deal_shards.hpp"
#include "harness/store/missing_trials.hpp"
#include "harness/store/plan_file.hpp"
#include "harness/store/whole_copy.hpp"
#include "spurion/error.hpp"
#include "spurion/suite.hpp"

namespace spurion::cli {

namespace {

namespace fs = std::filesystem;

struct SubmitArguments {
  std::string suite;  ///< or a plan
  std::string out;
  std::int64_t tasks = 0;
  std::int64_t cores = 1;
  std::int64_t max_parallel = 0;
  std::string partition;
  std::string time;
  std::string account;
  std::string memory;
  std::vector<std::string> sbatch;
  bool missing = false;
  bool print_only = false;
};

/// What a command prints. Throws `ResourceError` where it fails.
std::string output_of(const std::string& command) {
  std::FILE* pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) throw ResourceError(fmt::format("cannot start this command: {}", command));
  std::string text;
  char block[4096];
  for (std::size_t got = 0; (got = std::fread(block, 1, sizeof(block), pipe)) > 0;) {
    text.append(block, got);
  }
  if (pclose(pipe) != 0) {
    throw ResourceError(fmt::format("this command failed: {}", command));
  }
  return text;
}

/// What a submission sends, and where.
struct Submission {
  fs::path folder;
  fs::path plan_file;
  harness::TrialPlan plan;
  harness::PlanProgress progress;
  bool is_new = false;  ///< the plan is not written yet
};

/// The first NAME_K with this ending that is not there.
fs::path free_name(const fs::path& folder, const std::string& name, const std::string& ending) {
  std::error_code ignored;
  for (int number = 1;; ++number) {
    fs::path file = folder / fmt::format("{}_{}{}", name, number, ending);
    if (!fs::exists(file, ignored)) return file;
  }
}

Submission find_submission(const SubmitArguments& arguments, Session& session) {
  Submission found;
  if (harness::is_plan(arguments.suite)) {
    found.plan_file = arguments.suite;
    found.folder = found.plan_file.has_parent_path() ? found.plan_file.parent_path() : ".";
  } else {
    found.folder =
        arguments.out.empty() ? "results/" + Suite::load(arguments.suite).name : arguments.out;
    found.plan_file = found.folder / harness::kPlanFile;
    std::error_code ignored;
    if (!arguments.missing || !fs::exists(found.plan_file, ignored)) {
      PlanArguments plan;
      plan.suite = arguments.suite;
      plan.out = found.folder.string();
      plan.quiet = true;
      session.trainer().plan(plan, session.line);
    }
  }
  found.folder = fs::absolute(found.folder);
  found.plan_file = fs::absolute(found.plan_file);
  found.plan = harness::read_plan(found.plan_file);
  const harness::FolderTrials stored = harness::trials_of_folder(found.folder);
  for (const std::string& damage : stored.damage) {
    print(stderr, "spurion: {}. Damaged trials count as missing.\n", damage);
  }
  found.progress = harness::progress_of(found.plan, stored);
  if (found.progress.missing == found.progress.planned) return found;
  if (!arguments.missing) {
    throw UsageError(fmt::format(
        "'{}' has {} of the {} of the plan: 'spurion submit {} --missing' sends the others",
        found.folder.string(), found.progress.planned - found.progress.missing,
        count(found.progress.planned, "trial"), arguments.suite));
  }
  // The shards of a plan must stay what they are while tasks wait, so that what is missing now is a
  // plan of its own.
  found.plan = harness::left_of(
      found.plan, [&](const harness::TrialId& id) { return stored.trials.count(id) != 0; });
  found.plan_file = free_name(found.folder, "missing", harness::kPlanSuffix);
  found.is_new = true;
  return found;
}

SlurmJob job_of(const SubmitArguments& arguments, const Submission& submission) {
  SlurmJob job;
  job.name = "spurion_" + submission.plan.suite_name;
  std::error_code ignored;
  job.program = fs::read_symlink("/proc/self/exe", ignored);
  job.plan = submission.plan_file;
  job.logs = submission.folder / "logs";
  job.tasks = std::min(arguments.tasks, static_cast<std::int64_t>(submission.plan.trials.size()));
  job.cores = arguments.cores;
  job.max_parallel = arguments.max_parallel;
  const auto add = [&](const char* name, const std::string& value) {
    if (!value.empty()) job.options.push_back(fmt::format("--{}={}", name, value));
  };
  add("partition", arguments.partition);
  add("time", arguments.time);
  add("account", arguments.account);
  add("mem", arguments.memory);
  for (const std::string& option : arguments.sbatch) job.options.push_back(option);
  try {
    job.max_array = max_array_size(output_of("scontrol show config 2>/dev/null"));
  } catch (const ResourceError&) {
    if (!arguments.print_only) {
      throw ResourceError(
          "'scontrol show config' failed: is Slurm installed, and its controller "
          "up? 'spurion submit --print' shows what would be submitted");
    }
  }
  return job;
}

/// What each task gets, and how many tasks would be better.
void print_tasks(const SlurmJob& job, const Submission& submission) {
  double work = 0.0;
  for (const harness::PlannedPack& pack : submission.plan.packs) {
    work += harness::expected_work(pack);
  }
  const auto tasks = static_cast<double>(job.tasks);
  const double seconds = work * submission.progress.seconds_each / static_cast<double>(job.cores);
  print("{} in {} of {}: about {} each{}\n",
        count(static_cast<std::int64_t>(submission.plan.trials.size()), "trial"),
        count(job.tasks, "task"), count(job.cores, "core"), flops(work / tasks),
        seconds > 0.0
            ? fmt::format(", {} at the speed of the stored trials", duration(seconds / tasks))
            : "; how long is not known before some trials are stored");
  constexpr double kShortest = 1800.0;
  constexpr double kLongest = 3600.0;
  const bool fits = seconds / tasks >= kShortest && seconds / tasks <= kLongest;
  if (seconds > kLongest && !fits) {
    print("tasks of 45 minutes would be {:.0f}\n", std::ceil(seconds / 2700.0));
  }
}

int submit_suite(const SubmitArguments& arguments, Session& session) {
  const Submission submission = find_submission(arguments, session);
  if (submission.plan.trials.empty()) {
    print("nothing is missing; next: {}\n",
          shell_line({"spurion", "merge", submission.folder.string()}));
    return 0;
  }
  const SlurmJob job = job_of(arguments, submission);
  const fs::path script = free_name(submission.folder, "submit", ".sh");
  if (arguments.print_only) {
    print("{}", slurm_script(job));
  } else {
    std::error_code error;
    fs::create_directories(job.logs, error);
    if (error) {
      throw StoreError(
          fmt::format("cannot create folder '{}': {}", job.logs.string(), error.message()));
    }
    if (submission.is_new) harness::write_plan(submission.plan, submission.plan_file);
    harness::write_whole(slurm_script(job), script);
  }
  print_tasks(job, submission);
  std::string earlier = "JOB";
  for (std::vector<std::string> words : slurm_arrays(job, script)) {
    for (std::string& word : words) {
      if (word == kEarlierArray) word += earlier;
    }
    words.insert(words.begin(), "sbatch");
    if (arguments.print_only) {
      print("{}\n", shell_line(words));
      continue;
    }
    earlier = output_of(shell_line(words));
    earlier = earlier.substr(0, earlier.find_first_of(";\n"));
    print("submitted job {}: {}\n", earlier, shell_line(words));
  }
  if (!arguments.print_only) {
    print("next: {}\n", shell_line({"spurion", "status", submission.folder.string()}));
  }
  return 0;
}

void add_slurm_options(CLI::App& parser, SubmitArguments& arguments) {
  const auto text = [&](const char* name, std::string& value, const char* what) {
    parser.add_option(name, value, what)->option_text("TEXT");
  };
  text("--partition", arguments.partition, "Partition of the cluster (default: Slurm's)");
  text("--time", arguments.time,
       "Most time of a task, as sbatch has it: 1:00:00. A task that needs longer saves its place "
       "and "
       "is queued again");
  text("--account", arguments.account, "Account of the cluster (default: Slurm's)");
  text("--memory", arguments.memory, "Memory of a task, as sbatch has it: 4G (default: Slurm's)");
  parser
      .add_option("--sbatch", arguments.sbatch,
                  "A further option of sbatch, such as --sbatch=--qos=low; may be given many times")
      ->option_text("OPTION")
      ->allow_extra_args(false);
}

}  // namespace

Command add_submit(CLI::App& app, Session& session) {
  CLI::App* parser = app.add_subcommand("submit", "Run a suite as tasks of Slurm");
  const auto arguments = std::make_shared<SubmitArguments>();
  parser->add_option("SUITE", arguments->suite, "Name of a suite, a .toml file, or a plan")
      ->option_text(" ")
      ->required();
  parser
      ->add_option("--tasks", arguments->tasks,
                   "Number of tasks. Best are tasks of 30 to 60 minutes")
      ->option_text("N")
      ->required()
      ->check(check_positive);
  parser
      ->add_option("--out", arguments->out,
                   "Folder of the results (default: that of the plan, or results/ and the name of "
                   "the suite)")
      ->option_text("DIR");
  parser->add_option("--cores", arguments->cores, "Cores of a task, a worker each (default: 1)")
      ->option_text("N")
      ->check(check_positive);
  parser
      ->add_option("--max-parallel", arguments->max_parallel,
                   "Most tasks that run at once (default: no limit)")
      ->option_text("N")
      ->check(check_positive);
  add_slurm_options(*parser, *arguments);
  parser->add_flag("--missing", arguments->missing,
                   "Send only the trials that no store in DIR has, dealt anew");
  parser->add_flag("--print", arguments->print_only,
                   "Print the script and the commands, but submit nothing");
  parser->footer(
      R"(Each task trains one shard of the plan into a folder of its own in DIR. Tasks may be killed, queued
again and run on other machines: they go on where they were. Join their stores with 'spurion merge'.

Examples:
  spurion submit my_suite.toml --tasks 100 --time 1:00:00
  spurion submit results/my_suite/suite.plan --tasks 100 --partition short --print
  spurion submit results/my_suite/suite.plan --missing --tasks 10)");
  return {parser, [arguments, &session] { return submit_suite(*arguments, session); }};
}

}  // namespace spurion::cli
