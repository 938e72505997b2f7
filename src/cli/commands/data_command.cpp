#include <fmt/format.h>
#include <unistd.h>

#include "cli/command.hpp"
#include "cli/output.hpp"
#include "cli/text.hpp"
#include "data/data_directory.hpp"

namespace spurion::cli {

namespace {

int status(const ImageSources& sources) {
  const std::filesystem::path directory = data::data_directory();
  print("data directory: {}\n", directory.string());
  Table table({"source", "state", "what there is, or what is wrong"});
  std::string advice;
  for (const std::string& name : sources.names()) {
    const auto source_of_name = sources.at(name).make({Value()});
    const data::SourceStatus source = data::source_status(name, source_of_name->info(), directory);
    table.add({name,
               source.folder.empty() ? "built in"
               : source.installed    ? "installed"
                                     : "missing",
               source.detail});
    if (!source.installed && !source.install_command.empty())
      advice += "  " + source.install_command + "\n";
  }
  print("{}", table.text(2, terminal_columns(STDOUT_FILENO, 100)));
  if (!advice.empty()) print("to install what is missing:\n{}", advice);
  return 0;
}

}  // namespace

Command add_data(CLI::App& app, Session& session) {
  CLI::App* parser = app.add_subcommand("data", "Image data: what is installed");
  CLI::App* status_parser =
      parser->add_subcommand("status", "Say which image sources are installed");
  parser->require_subcommand(1);
  const char* examples =
      R"(Data live in $SPURION_DATA, else $XDG_DATA_HOME/spurion, else ~/.local/share/spurion.

Examples:
  spurion data status
  datasets/install.sh fashion_mnist mnist)";
  parser->footer(examples);
  status_parser->footer(examples);
  return {parser, [&session] { return status(session.image_sources()); }};
}

}  // namespace spurion::cli
