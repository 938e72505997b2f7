#include "cli/command_line.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdio>
#include <exception>

#include "cli/command.hpp"
#include "cli/output.hpp"
#include "cli/parse_error.hpp"
#include "core/failure.hpp"
#include "core/machine_limits.hpp"
#include "spurion/error.hpp"
#include "spurion/version.hpp"

namespace spurion {

namespace {

constexpr const char* kExamples = R"(Examples:
  spurion list                          everything that can be named in a suite
  spurion describe irm_v1               what it is and its options
  spurion run first_look --dry-run      how many trials, how much work
  spurion run first_look                run it into results/first_look, or resume
  spurion report results/first_look     report.html and CSV files

Words ('spurion list terms' has all):
  gap         score in distribution minus score out of distribution (on shifted data)
  ceiling     best score that a kind of predictor can have, known from the mechanism
  flip rate   share of predictions that change when only the cue is changed

Exit codes: 0 success, 1 a self-test failed or a published number differs, 2 bad input, 3 data missing,
4 plug-in refused, 5 a trial diverged or failed (with --strict), 6 no results in the folder, output
not usable, or too little memory, 70 a bug in spurion, 130 stopped by Ctrl-C.)";

int complain(const std::string& message, ExitCode code) {
  cli::print(stderr, "spurion: {}\n", message);
  return static_cast<int>(code);
}

int parse_and_run(int argc, const char* const* argv,
                  std::unique_ptr<cli::TrainingCommands> training) {
  cli::Session session{{{argv, argv + argc}, {}}, std::move(training)};
  CLI::App app("What closes the gap of a model that relies on a spurious cue?", "spurion");
  app.set_version_flag("--version", build_description(), "Print versions and exit");
  app.add_option("--plugin", session.line.plugins, "Load a plug-in; may be given many times")
      ->option_text("FILE")
      ->allow_extra_args(false);
  app.require_subcommand(0, 1);
  app.fallthrough();  // so that --plugin may stand after the sub-command too
  const std::vector<cli::Command> commands = {
      cli::add_run(app, session),    cli::add_plan(app, session),
      cli::add_submit(app, session), cli::add_status(app, session),
      cli::add_merge(app, session),  cli::add_verify(app, session),
      cli::add_report(app, session), cli::add_compare(app, session),
      cli::add_power(app, session),  cli::add_check_width(app, session),
      cli::add_list(app, session),   cli::add_describe(app, session),
      cli::add_data(app, session),   cli::add_export(app, session),
      cli::add_score(app, session),  cli::add_selftest(app, session),
      cli::add_check(app, session),  cli::add_repair(app, session),
      cli::add_prune(app, session),  cli::add_doctor(app, session),
      cli::add_completion(app),      cli::add_man(app)};
  app.footer(kExamples);

  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& done) {
    return app.exit(done);  // prints help or the version
  } catch (const CLI::ParseError& error) {
    return complain(cli::parse_error_message(app, error), ExitCode::usage);
  }
  for (const std::string& file : session.line.plugins) session.trainer().load_plugin(file);
  for (const cli::Command& command : commands) {
    if (command.parser->parsed()) return command.run();
  }
  cli::print(stderr, "{}", app.help());
  return static_cast<int>(ExitCode::usage);
}

}  // namespace

void cli::add_format(CLI::App& parser, std::string& format, const std::vector<std::string>& words) {
  const std::string expected = fmt::format("{}", fmt::join(words, " or "));
  parser.add_option("--format", format, expected)
      ->option_text("FORMAT")
      ->check([words, expected](const std::string& word) {
        return std::find(words.begin(), words.end(), word) != words.end()
                   ? std::string()
                   : fmt::format("expects {}, got '{}'", expected, word);
      });
}

namespace {

int run_guarded(int argc, const char* const* argv,
                std::unique_ptr<cli::TrainingCommands> training) {
  try {
    return parse_and_run(argc, argv, std::move(training));
  } catch (const Error& error) {
    return complain(error.what(), error.exit_code());
  } catch (const std::exception& error) {
    if (const std::string problem = core::machine_problem(error); !problem.empty()) {
      return complain(problem, ExitCode::store);
    }
    return complain(core::without_trace(error.what()) +
                        "\nspurion: this is a bug in spurion or in a "
                        "plug-in: please report it",
                    ExitCode::internal);
  } catch (...) {
    return complain(core::one_line(std::current_exception()) +
                        "\nspurion: this is a bug in a plug-in: please report it to its author",
                    ExitCode::internal);
  }
}

}  // namespace

int cli::command_line(int argc, const char* const* argv,
                      std::unique_ptr<TrainingCommands> training) {
  cli::hold_closed_streams();
  const int code = run_guarded(argc, argv, std::move(training));
  const std::string problem = cli::output_problem();
  if (problem.empty()) return code;
  const int lost = complain(problem, ExitCode::store);
  return code == static_cast<int>(ExitCode::success) ? lost : code;
}

}  // namespace spurion
