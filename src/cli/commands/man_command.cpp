#include "cli/command.hpp"
#include "cli/option_tree.hpp"
#include "cli/output.hpp"
#include "spurion/version.hpp"

namespace spurion::cli {

Command add_man(CLI::App& app) {
  CLI::App* parser = app.add_subcommand("man", "Print the manual page, in roff");
  parser->footer(R"(An installed spurion has it: man spurion.

Examples:
  spurion man > spurion.1
  spurion man | man -l -)");
  return {parser, [&app] {
            print("{}", manual_page(option_tree(app), SPURION_VERSION));
            return 0;
          }};
}

}  // namespace spurion::cli
