#include <memory>

#include "cli/command.hpp"

namespace spurion::cli {

Command add_selftest(CLI::App& app, Session& session) {
  CLI::App* parser =
      app.add_subcommand("selftest", "Run the conformance tests on registered names");
  const auto arguments = std::make_shared<SelftestArguments>();
  parser
      ->add_option("NAME", arguments->names,
                   "Names to check (default: all; with --plugin: those of the plug-ins)")
      ->option_text(" ");
  parser->footer(R"(The exit code is 1 if a check failed.

Examples:
  spurion selftest
  spurion selftest erm two_bit
  spurion selftest --plugin ./libmy_lab.so)");
  return {parser,
          [arguments, &session] { return session.trainer().selftest(*arguments, session.line); }};
}

}  // namespace spurion::cli
