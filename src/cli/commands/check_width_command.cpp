#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <memory>

#include "cli/command.hpp"

namespace spurion::cli {

namespace {

/// A check of the parser: one of these words.
auto word_of(const std::vector<std::string>& words, const std::string& expected) {
  return [words, expected](const std::string& word) {
    return std::find(words.begin(), words.end(), word) != words.end()
               ? std::string()
               : fmt::format("expects {}, got '{}'", expected, word);
  };
}

/// Adds an option that is a whole number of at least 1, or of at least 0.
void add_number(CLI::App& parser, const std::string& name, std::int64_t& number,
                const std::string& doc, bool or_0 = false) {
  parser.add_option(name, number, fmt::format("{} (default: {})", doc, number))
      ->option_text("N")
      ->check([or_0](const std::string& text) {
        return or_0 && text == "0" ? std::string() : check_positive(text);
      });
}

void add_training(CLI::App& parser, CheckWidthArguments& arguments) {
  parser
      .add_option("--widths", arguments.widths,
                  "Widths, two or more (default: 64,128,256,512,1024)")
      ->option_text("N,N,...")
      ->delimiter(',')
      ->check(check_positive);
  parser
      .add_option("--parametrisation", arguments.parametrisation,
                  "standard, mup or both (default: both)")
      ->option_text("WORD")
      ->check(word_of({"standard", "mup", "both"}, "standard, mup or both"));
  parser.add_option("--optimizer", arguments.optimizer, "sgd, sgdw, adam or adamw (default: adam)")
      ->option_text("NAME")
      ->check(word_of({"sgd", "sgdw", "adam", "adamw"}, "sgd, sgdw, adam or adamw"));
  parser
      .add_option("--learning-rate", arguments.learning_rate,
                  "Learning rate at every width (default: 0.01 of adam and adamw, 0.1 of sgd and "
                  "sgdw)")
      ->option_text("RATE")
      ->check([](const std::string& text) {
        return std::strtod(text.c_str(), nullptr) > 0.0
                   ? std::string()
                   : fmt::format("expects a number > 0, got '{}'", text);
      });
  add_number(parser, "--steps", arguments.steps, "Updates of the coordinate check");
  add_number(parser, "--train-steps", arguments.train_steps,
             "Updates before the training loss is measured; 0: it is not measured", true);
  add_number(parser, "--seeds", arguments.seeds, "Seeds of the first weights");
  add_number(parser, "--rows", arguments.rows, "Training rows of all train domains together");
}

}  // namespace

Command add_check_width(CLI::App& app, Session& session) {
  CLI::App* parser = app.add_subcommand(
      "check-width", "Check how activations and training loss of a model change with its width");
  const auto arguments = std::make_shared<CheckWidthArguments>();
  parser->add_option("MODEL", arguments->model, "As 'spurion list models' shows it")
      ->option_text(" ")
      ->required();
  parser->add_option("OPTION", arguments->options, "OPTION=VALUE ...: options of the model")
      ->option_text(" ");
  parser
      ->add_option("--environment", arguments->environment,
                   "The environment whose training rows are used")
      ->option_text("NAME")
      ->required();
  parser
      ->add_option("--environment-option", arguments->environment_options,
                   "OPTION=VALUE of the environment; may be given many times")
      ->option_text("OPTION=VALUE")
      ->allow_extra_args(false);
  add_training(*parser, *arguments);
  parser
      ->add_option("--out", arguments->out,
                   "Write the charts to this folder as SVG, and their tables as CSV, Markdown and "
                   "LaTeX (default: none are written)")
      ->option_text("DIR");
  parser->add_flag("--pdf", arguments->pdf, "With --out: write each chart as PDF too");
  parser->footer(
      R"(Coordinate check: the mean |activation| of each layer, against the width, over the first
updates. With parametrisation=mup it is flat: it does not depend on the width. The slope is that of
its logarithm against the logarithm of the width, so 0.5 means that it grows with the square root.
What the updates changed must not grow. Logits and scores of attention may fall with the width: they
do so before the first update, and until what they learned outweighs that.
Training loss: with mup wider models have a lower loss at one learning rate. The exit code is 1 if
the activations with mup are not flat.

Examples:
  spurion check-width mlp --environment two_shortcuts
  spurion check-width mlp depth=3 --environment two_shortcuts --optimizer sgd --learning-rate 0.5
  spurion check-width gru --environment distant_tokens --widths 16,32,64,128 --out width)");
  return {parser, [arguments, &session] { return session.trainer().check_width(*arguments); }};
}

}  // namespace spurion::cli
