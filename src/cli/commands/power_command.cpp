#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <filesystem>
#include <memory>

#include "analysis/seed_plan.hpp"
#include "cli/answer_output.hpp"
#include "cli/command.hpp"
#include "cli/output.hpp"
#include "cli/text.hpp"
#include "spurion/error.hpp"
#include "spurion/store.hpp"
#include "spurion/suite.hpp"

namespace spurion::cli {

namespace {

struct PowerArguments {
  std::string suite;
  std::string store;
  std::string difference = "0.02";
  std::string power = "0.8";
  std::string format = "text";
};

/// A number between 0 and `most`, both excluded; negative for any other text. Not left to the
/// parser, which reads numbers as the language of the program around it writes them.
double parse_between(const std::string& text, double most) {
  double number = 0.0;
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, number);
  const bool right = error == std::errc() && rest == end && number > 0.0 && number < most;
  return right ? number : -1.0;
}

std::string check_difference(const std::string& text) {
  return parse_between(text, HUGE_VAL) > 0.0
             ? std::string()
             : fmt::format("expects a number above 0, got '{}'", text);
}

std::string check_probability(const std::string& text) {
  return parse_between(text, 1.0) > 0.0
             ? std::string()
             : fmt::format("expects a number between 0 and 1, got '{}'", text);
}

int power(const PowerArguments& arguments, const QuestionKinds& kinds) {
  constexpr int kPilotSeeds = 5;
  const Suite suite = Suite::load(arguments.suite);
  const analysis::SeedPlanOptions options{parse_between(arguments.difference, HUGE_VAL),
                                          parse_between(arguments.power, 1.0)};
  const std::string folder = arguments.store.empty() ? "results/" + suite.name : arguments.store;
  std::error_code ignored;
  if (arguments.store.empty() && !std::filesystem::is_directory(folder, ignored)) {
    print_answer(analysis::seed_plan_of_rows(suite, options), arguments.format);
    if (arguments.format == "text") {
      print("\nRun a pilot, and ask again; the whole run uses its trials later:\n  {}\n  {}\n",
            shell_line(
                {"spurion", "run", arguments.suite, "--seeds", fmt::format("{}", kPilotSeeds)}),
            shell_line({"spurion", "power", arguments.suite}));
    }
    return 0;
  }
  print_answer(analysis::seed_plan(read_results(folder), suite, options, kinds), arguments.format);
  return 0;
}

}  // namespace

Command add_power(CLI::App& app, Session& session) {
  CLI::App* parser = app.add_subcommand(
      "power", "How many seeds the questions of a suite need to show a difference");
  const auto arguments = std::make_shared<PowerArguments>();
  parser
      ->add_option("SUITE", arguments->suite,
                   "Name of a suite (spurion list suites) or a .toml file")
      ->option_text(" ")
      ->required();
  parser
      ->add_option("--store", arguments->store,
                   "Output folder of a run with pilot trials of the suite: a few seeds are enough "
                   "(default: results/ and the name of the suite, if it exists)")
      ->option_text("DIR");
  parser
      ->add_option("--difference", arguments->difference,
                   "The true difference that is to be shown, in the unit of the compared number; "
                   "beyond the margin of a question that has one (default: 0.02)")
      ->option_text("D")
      ->check(check_difference);
  parser
      ->add_option("--power", arguments->power,
                   "The probability with which it is to be shown (default: 0.8)")
      ->option_text("P")
      ->check(check_probability);
  add_format(*parser, arguments->format, {"text", "csv", "markdown", "latex"});
  parser->footer(
      R"text(The tests are those of the report: a paired t test and, where the seeds suffice, a sign-flip test,
both at the strictest level of Holm's method for the comparisons of a question. The power of the t
test is that of a noncentral t; what the sign-flip test does not let through is simulated. The spread
between seeds is that of the pilot trials, and never below the noise of evaluation.rows. Few pilot
seeds tell it roughly: the interval of the number of seeds says how roughly. Plan with its upper end.
This command reads stores and never trains.

Examples:
  spurion run first_look --seeds 5 --out pilot
  spurion power first_look --store pilot --difference 0.05
  spurion power first_look --store pilot --power 0.9 --format csv)text");
  return {parser, [arguments, &session] { return power(*arguments, session.questions()); }};
}

}  // namespace spurion::cli
