#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "cli/output.hpp"
#include "cli/text.hpp"
#include "cli/training/actions.hpp"
#include "cli/training/suite_plugins.hpp"
#include "harness/run/run_plan.hpp"
#include "harness/run/shard_trials.hpp"
#include "harness/store/plan_file.hpp"
#include "spurion/run.hpp"

namespace spurion::cli {

namespace {

void print_plan(const harness::TrialPlan& plan, const std::filesystem::path& file) {
  double work = 0.0;
  double memory = 0.0;
  std::uint32_t most = 0;
  for (const harness::PlannedPack& pack : plan.packs) {
    work += pack.flops;
    memory = std::max(memory, pack.memory_bytes);
    most = std::max(most, pack.trials);
  }
  std::error_code ignored;
  print("suite {}: {} in {} of up to {}\n", plan.suite_name, count(plan.distinct, "trial"),
        count(static_cast<std::int64_t>(plan.packs.size()), "pack"), most);
  print("training: about {}; memory: at most {} a pack\n", flops(work), bytes(memory));
  print("plan: {} ({})\n", file.string(),
        bytes(static_cast<double>(std::filesystem::file_size(file, ignored))));
  print("next: {}\n", shell_line({"spurion", "run", file.string(), "--shard", "I/N"}));
}

}  // namespace

int plan(const PlanArguments& arguments, const CommandLine& line, Catalog& catalog) {
  Suite suite = Suite::load(arguments.suite);
  limit_seeds(suite, arguments.seeds);
  const std::vector<std::string> plugins =
      load_suite_plugins(suite, arguments.suite, line, catalog);
  RunOptions options;
  options.out = arguments.out.empty() ? "results/" + suite.name : arguments.out;
  options.jobs = 1;
  options.max_replicas = arguments.replicas;
  options.memory_bytes = arguments.memory_bytes;
  options.device = named_device(arguments.device);
  const harness::CheckedRun checked = harness::check_run(suite, catalog, options);
  const harness::TrialPlan plan = harness::plan_of(checked, suite, options, plugins);
  const std::filesystem::path file = options.out / harness::kPlanFile;
  harness::write_plan(plan, file);
  if (!arguments.quiet) print_plan(plan, file);
  return 0;
}

harness::TrialPlan plan_of(const std::string& suite_text, const CommandLine& line,
                           Catalog& catalog) {
  const Suite suite = Suite::parse(suite_text, "suite");
  const std::vector<std::string> plugins = load_suite_plugins(suite, "", line, catalog);
  const RunOptions options;
  return harness::plan_of(harness::expand_run(suite, catalog, options), suite, options, plugins);
}

}  // namespace spurion::cli
