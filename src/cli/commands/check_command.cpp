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

int check_folder(const std::string& folder) {
  bool whole = true;
  bool to_repair = false;
  bool to_run = false;
  for (const harness::CheckedStore& store : harness::check_stores(folder)) {
    print("{}", damage_text(store));
    whole = whole && store.is_whole();
    to_repair = to_repair || store.needs_repair();
    to_run = to_run || store.makers_lost > 0;
  }
  if (to_repair) {
    print(
        "No report shows a damaged trial. '{}' drops what is damaged and keeps the rest; the next "
        "'spurion run' of the suite makes lost trials again.\n",
        shell_line({"spurion", "repair", folder}));
  } else if (to_run) {
    print("The next 'spurion run' of the suite writes the records again.\n");
  }
  return static_cast<int>(whole ? ExitCode::success : ExitCode::store);
}

}  // namespace

Command add_check(CLI::App& app, Session& /*session*/) {
  CLI::App* parser =
      app.add_subcommand("check", "Check that every number in a folder is what a run has written");
  const auto folder = std::make_shared<std::string>();
  parser->add_option("DIR", *folder, "Output folder of a run")->option_text(" ")->required();
  parser->footer(
      R"(Every row of a store has a hash of all that it holds: options, measurements, cost. This command
compares each row with its hash, counts the rows, and checks the structure of the file. It names
each damaged trial with its experiments. Stores in folders of DIR, such as those of shards, are checked
too. Nothing is written. The exit code is 0 when all is whole, and 6 when something is damaged.

Examples:
  spurion check results/first_look
  spurion check results/first_look || spurion repair results/first_look)");
  return {parser, [folder] { return check_folder(*folder); }};
}

}  // namespace spurion::cli
