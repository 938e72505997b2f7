#include <memory>

#include "cli/command.hpp"

namespace spurion::cli {

Command add_list(CLI::App& app, Session& session) {
  CLI::App* parser =
      app.add_subcommand("list", "List the names that a suite can use, and the suites");
  const auto arguments = std::make_shared<ListArguments>();
  parser
      ->add_option("KIND", arguments->what,
                   "environments, models, methods, regimes, metrics, probes, questions, selectors, "
                   "image_sources, suites, columns or terms (default: all but columns and terms)")
      ->option_text(" ");
  add_format(*parser, arguments->format);
  parser->footer(R"(Examples:
  spurion list
  spurion list suites
  spurion list metrics
  spurion list terms
  spurion list methods --plugin ./libmy_lab.so
  spurion list --format json)");
  return {parser, [arguments, &session] { return session.trainer().list(*arguments); }};
}

}  // namespace spurion::cli
