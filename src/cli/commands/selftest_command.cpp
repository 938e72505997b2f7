#include <memory>

#include "cli/command.hpp"

namespace spurion::cli {

Command add_selftest(CLI::App& app, Session& session) {
  CLI::App* parser = app.add_subcommand(
      "selftest", "Check that registered things keep their promises (conformance tests)");
  const auto arguments = std::make_shared<SelftestArguments>();
  parser
      ->add_option("NAME", arguments->names,
                   "Only these (default: all, or what the plug-ins given brought)")
      ->option_text(" ");
  parser->footer(R"(Exit code 1 when a check failed.

Examples:
  spurion selftest
  spurion selftest erm two_bit
  spurion selftest --plugin ./libmy_lab.so)");
  return {parser,
          [arguments, &session] { return session.trainer().selftest(*arguments, session.line); }};
}

}  // namespace spurion::cli
