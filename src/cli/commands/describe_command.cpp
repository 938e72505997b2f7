#include <memory>

#include "cli/command.hpp"

namespace spurion::cli {

Command add_describe(CLI::App& app, Session& session) {
  CLI::App* parser = app.add_subcommand(
      "describe", "Describe a registered name, a term or a suite, and its options");
  const auto arguments = std::make_shared<DescribeArguments>();
  parser->add_option("NAME", arguments->name, "As 'spurion list' shows it")
      ->option_text(" ")
      ->required();
  parser
      ->add_option("OPTION", arguments->options,
                   "OPTION=VALUE ...: describe it with these options instead of the defaults")
      ->option_text(" ");
  add_format(*parser, arguments->format, {"text", "json", "card"});
  parser
      ->add_option(
          "--preview", arguments->preview,
          "For image environments: write a PNG file with rows and, below each, its "
          "counterfactual twins. For environments that answer to actions: write an SVG "
          "or PDF file with an episode and its twins under other policies and another shift")
      ->option_text("FILE");
  parser->footer(R"(Examples:
  spurion describe coloured_images
  spurion describe linear_unit_tests example=3s
  spurion describe irm_v1 --format json
  spurion describe two_bit --format card
  spurion describe first_look
  spurion describe training
  spurion describe worst_group
  spurion describe "confusion index"
  spurion describe gap_against_scale
  spurion describe suite
  spurion describe textured_shapes --preview shapes.png
  spurion describe mountain_car --preview episode.svg)");
  return {parser, [arguments, &session] { return session.trainer().describe(*arguments); }};
}

}  // namespace spurion::cli
