#include <fmt/format.h>

#include <memory>

#include "cli/command.hpp"

namespace spurion::cli {

namespace {

std::string check_size_word(const std::string& word) {
  return word == "quick" || word == "full" ? std::string()
                                           : fmt::format("expects quick or full, got '{}'", word);
}

}  // namespace

Command add_verify(CLI::App& app, Session& session) {
  CLI::App* parser = app.add_subcommand(
      "verify", "Run suites of published tables and compare our numbers with the published ones");
  const auto arguments = std::make_shared<VerifyArguments>();
  parser
      ->add_option("SUITE", arguments->suites,
                   "Suites in the folder published/, other suites, or .toml files (default: all "
                   "suites in published/)")
      ->option_text(" ");
  parser
      ->add_option("--size", arguments->size,
                   "quick: the seeds and experiments that [quick] of each suite names. full: as "
                   "published (default: quick)")
      ->option_text("SIZE")
      ->check(check_size_word);
  parser
      ->add_option("--out", arguments->out,
                   "Folder with a results folder for each suite, as 'spurion run' makes them "
                   "(default: results)")
      ->option_text("DIR");
  parser
      ->add_option("--jobs", arguments->jobs,
                   "Number of workers, each on one core (default: one per core)")
      ->option_text("N")
      ->check(check_positive);
  CLI::Option* rerun =
      parser->add_flag("--rerun-changed", arguments->rerun_changed,
                       "Run trials again that another build of spurion, other libraries or another "
                       "processor made (default: refuse them)");
  parser->add_flag("--allow-mixed", arguments->allow_mixed, "Keep such trials and say so")
      ->excludes(rerun);
  add_format(*parser, arguments->format, {"text", "csv", "markdown", "latex"});
  parser->add_flag("--quiet", arguments->quiet, "Show no progress");
  parser->footer(
      R"text(Ctrl-C stops; the same command resumes. Both sizes share results, and so does 'spurion run'.
A number differs if Welch's t test gives p < .05 over the number of published numbers of its suite.
A claim differs if it is refuted. The exit code is 1 if anything differs or was not measured, or if
nothing was compared.
A suite whose data are not installed is not run, nor is one that is too long for a quick check. The
reason is printed.

Examples:
  spurion verify
  spurion verify linear_unit_tests
  spurion verify coloured_mnist_irm --size full
  spurion verify --format markdown --quiet)text");
  return {parser,
          [arguments, &session] { return session.trainer().verify(*arguments, session.line); }};
}

}  // namespace spurion::cli
