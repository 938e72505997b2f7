#include <fmt/format.h>

#include <memory>

#include "cli/command.hpp"
#include "cli/damage_text.hpp"
#include "cli/output.hpp"
#include "cli/text.hpp"
#include "harness/store/store_check.hpp"
#include "spurion/error.hpp"

namespace spurion::cli {

namespace {

int repair_folder(const std::string& folder) {
  bool repaired = false;
  bool usable = true;
  for (const harness::RepairedStore& store : harness::repair_stores(folder)) {
    print("{}", damage_text(store.before));
    usable = usable && store.after.problem.empty() && store.after.damage.empty();
    if (store.copy.empty()) continue;
    repaired = true;
    print("  repaired: {} left; the damaged file is kept as {}\n",
          store.after.trials == 1 ? "1 trial is" : count(store.after.trials, "trial") + " are",
          store.copy.string());
  }
  if (repaired) print("The next 'spurion run' of the suite makes lost trials again.\n");
  return static_cast<int>(usable ? ExitCode::success : ExitCode::store);
}

}  // namespace

Command add_repair(CLI::App& app, Session& /*session*/) {
  CLI::App* parser =
      app.add_subcommand("repair", "Drop what is damaged, so that the next run makes it again");
  const auto folder = std::make_shared<std::string>();
  parser->add_option("DIR", *folder, "Output folder of a run")->option_text(" ")->required();
  parser->footer(
      R"(Each damaged store is written again with all of it that is whole. The damaged file is kept beside
it as store.sqlite.damaged. Stores in folders of DIR are repaired too. 'spurion run' of the suite
repairs the store of its folder, too, and makes the lost trials again at once. The exit code is 6 when
a store stays unusable.

Examples:
  spurion check results/first_look
  spurion repair results/first_look && spurion run first_look)");
  return {parser, [folder] { return repair_folder(*folder); }};
}

}  // namespace spurion::cli
