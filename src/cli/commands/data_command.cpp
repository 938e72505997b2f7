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

/// The files of all sources as `sha256sum` writes them: datasets/checksums.sha256.
int checksums(const ImageSources& sources) {
  for (const std::string& name : sources.names()) {
    const auto source = sources.at(name).make({Value()});
    for (const ImageFile& file : source->info().files) {
      print("{}  {}/{}\n", file.sha256, name, file.name);
    }
  }
  return 0;
}

}  // namespace

Command add_data(CLI::App& app, Session& session) {
  CLI::App* parser = app.add_subcommand("data", "Image data: what is installed");
  CLI::App* status_parser =
      parser->add_subcommand("status", "Say which image sources are installed");
  CLI::App* checksums_parser = parser->add_subcommand(
      "checksums", "Print the SHA-256 of each file of the image sources, as sha256sum does");
  parser->require_subcommand(1);
  const char* examples =
      R"(The data are in $SPURION_DATA (default: $XDG_DATA_HOME/spurion or ~/.local/share/spurion).

Examples:
  spurion data status
  spurion data checksums
  datasets/install.sh fashion_mnist mnist)";
  parser->footer(examples);
  status_parser->footer(examples);
  checksums_parser->footer(examples);
  return {parser, [&session, checksums_parser] {
            const ImageSources sources = session.image_sources();
            return checksums_parser->parsed() ? checksums(sources) : status(sources);
          }};
}

}  // namespace spurion::cli
