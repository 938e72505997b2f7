#include <fmt/format.h>

#include <filesystem>
#include <memory>

#include "analysis/comparison.hpp"
#include "cli/answer_output.hpp"
#include "cli/command.hpp"
#include "spurion/error.hpp"
#include "spurion/store.hpp"

namespace spurion::cli {

namespace {

struct CompareArguments {
  std::string first;
  std::string second;
  std::string folder;  ///< empty: the two are folders
  std::string format = "text";
  std::string selector;  ///< empty: the suite's
  bool early_stopping = false;
  bool allow_mixed = false;
};

int compare(const CompareArguments& arguments, const QuestionKinds& kinds) {
  if (arguments.early_stopping && arguments.selector.empty()) {
    throw UsageError("--early-stopping needs --selector, which scores the updates");
  }
  if (!arguments.folder.empty()) {
    const StoredResults results = read_results(arguments.folder);
    analysis::ComparedSelection selection;
    selection.selectors = kinds.selectors;
    if (!arguments.selector.empty()) selection.selector = arguments.selector;
    selection.early_stopping = arguments.early_stopping;
    print_answer(answer_of(analysis::compared_methods(results, arguments.first, arguments.second,
                                                      selection)),
                 arguments.format);
    return 0;
  }
  if (!arguments.selector.empty()) {
    throw UsageError("--selector is for two methods of one folder: 'spurion compare A B DIR'");
  }
  for (const std::string& one : {arguments.first, arguments.second}) {
    if (std::filesystem::is_directory(one)) continue;
    throw UsageError(fmt::format(
        "'{}' is no folder of results; two methods are compared by 'spurion compare A B DIR'",
        one));
  }
  const StoredResults first = read_results(arguments.first);
  const StoredResults second = read_results(arguments.second);
  print_answer(answer_of(analysis::compared_folders(
                   {arguments.first, first}, {arguments.second, second}, arguments.allow_mixed)),
               arguments.format);
  return 0;
}

}  // namespace

Command add_compare(CLI::App& app, Session& session) {
  CLI::App* parser = app.add_subcommand(
      "compare", "Compare two methods, or two folders of results, on the seeds that they share");
  const auto arguments = std::make_shared<CompareArguments>();
  parser->add_option("A", arguments->first, "A method, or an output folder of a run")
      ->option_text(" ")
      ->required();
  parser->add_option("B", arguments->second, "What A is compared with")
      ->option_text(" ")
      ->required();
  parser
      ->add_option("DIR", arguments->folder,
                   "Output folder of a run with both methods (default: A and B are folders)")
      ->option_text(" ");
  parser->add_flag("--allow-mixed", arguments->allow_mixed,
                   "Compare folders that different versions of spurion made");
  parser
      ->add_option("--selector", arguments->selector,
                   "Which hyper-parameter sample of each method is compared: one of 'spurion list "
                   "selectors', or none for the means over all samples (default: the first that a "
                   "question of the suite names, or none)")
      ->option_text("NAME");
  parser->add_flag("--early-stopping", arguments->early_stopping,
                   "Take each trial as it was at the update that the selector scores best");
  add_format(*parser, arguments->format, {"text", "csv", "markdown", "latex"});
  parser->footer(
      R"text(Differences are A minus B, paired by configuration and seed, with a 95 % interval, a paired t test
and a sign-flip test. 'detectable' is the difference that so many seeds would show in 4 of 5 cases.
Where a search drew hyper-parameters, a selector must have had as many samples of A to choose from
as of B. The better method is compared with the control
random_penalty too, if the folder has it.
Folders must hold the same environments with the same options, domains and base seed. Options in
which the folders have no value in common are what is compared.

Examples:
  spurion compare irm_v1 erm results/first_look
  spurion compare "ewc (strength = 10.0)" erm results/streams
  spurion compare v_rex erm results/methods_overview --selector training_domain
  spurion compare results/adam results/sgd
  spurion compare irm_v1 erm results/first_look --format latex)text");
  return {parser, [arguments, &session] { return compare(*arguments, session.questions()); }};
}

}  // namespace spurion::cli
