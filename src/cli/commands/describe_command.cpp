#include <fmt/format.h>
#include <unistd.h>

#include <memory>

#include "cli/command.hpp"
#include "cli/description.hpp"
#include "cli/output.hpp"
#include "cli/preview.hpp"
#include "cli/text.hpp"

namespace spurion::cli {

namespace {

struct DescribeArguments {
  std::string name;
  std::vector<std::string> options;
  std::string format = "text";
  std::string preview;
};

int print_descriptions(const DescribeArguments& arguments, const Session& session) {
  if (!arguments.preview.empty()) {
    write_preview(session.catalog, arguments.name, arguments.options, arguments.preview);
    print("{}\n", arguments.preview);
    return 0;
  }
  const std::vector<Json> found = describe(session.catalog, arguments.name, arguments.options);
  if (arguments.format == "json") {
    print("{}\n", found.size() == 1 ? found.front().dump(2) : Json(found).dump(2));
    return 0;
  }
  bool first = true;
  for (const Json& one : found) {
    print("{}{}", first ? "" : "\n", description_text(one, terminal_columns(STDOUT_FILENO, 100)));
    first = false;
  }
  return 0;
}

}  // namespace

Command add_describe(CLI::App& app, Session& session) {
  CLI::App* parser =
      app.add_subcommand("describe", "Show what a thing or a suite is, and its options");
  const auto arguments = std::make_shared<DescribeArguments>();
  parser->add_option("NAME", arguments->name, "As 'spurion list' shows it")
      ->option_text(" ")
      ->required();
  parser
      ->add_option("SETTINGS", arguments->options,
                   "OPTION=VALUE ...: look at an environment, method or regime so")
      ->option_text(" ");
  add_format(*parser, arguments->format);
  parser
      ->add_option("--preview", arguments->preview,
                   "Draw rows of an environment of images, each above its counterfactual twins, "
                   "into this PNG file")
      ->option_text("FILE");
  parser->footer(R"(Examples:
  spurion describe coloured_images
  spurion describe linear_unit_tests example=3s
  spurion describe irm_v1 --format json
  spurion describe first_look
  spurion describe textured_shapes --preview shapes.png)");
  return {parser, [arguments, &session] { return print_descriptions(*arguments, session); }};
}

}  // namespace spurion::cli
