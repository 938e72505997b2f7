#include <fmt/format.h>

#include <memory>

#include "cli/command.hpp"
#include "cli/output.hpp"
#include "cli/text.hpp"
#include "spurion/store.hpp"

namespace spurion::cli {

namespace {

struct PruneArguments {
  std::string folder;
  bool dry_run = false;
};

int prune_folder(const PruneArguments& arguments) {
  const Pruned pruned = prune(arguments.folder, arguments.dry_run);
  const char* verb = arguments.dry_run ? "would drop" : "dropped";
  for (const std::string& damage : pruned.damage) {
    print("{} what is damaged in {}\n", verb, damage);
  }
  std::int64_t trials = 0;
  for (const auto& [experiment, number] : pruned.trials) {
    trials += number;
    print("{} {}{}\n", verb, count(number, "trial"),
          experiment.empty() ? " that never belonged to an experiment"
                             : fmt::format(" that belonged to experiment '{}'", experiment));
  }
  if (trials == 0 && pruned.damage.empty()) {
    print("nothing to drop: every trial in {} belongs to an experiment\n", arguments.folder);
  }
  return 0;
}

}  // namespace

Command add_prune(CLI::App& app, Session& /*session*/) {
  CLI::App* parser =
      app.add_subcommand("prune", "Drop trials that no longer belong to an experiment");
  const auto arguments = std::make_shared<PruneArguments>();
  parser->add_option("DIR", arguments->folder, "Output folder of a run")
      ->option_text(" ")
      ->required();
  parser->add_flag("--dry-run", arguments->dry_run,
                   "Print what would be dropped, but drop nothing");
  parser->footer(
      R"(A trial belongs to the experiments of the suite that asked for it, as the suite was when it ran
last. Trials that an edited suite left behind, and rows that are damaged, are dropped; predictions
that were scored stay with their experiment.

Examples:
  spurion prune results/first_look --dry-run
  spurion prune results/first_look)");
  return {parser, [arguments] { return prune_folder(*arguments); }};
}

}  // namespace spurion::cli
