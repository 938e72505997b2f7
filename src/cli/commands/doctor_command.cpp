#include <memory>

#include "cli/command.hpp"

namespace spurion::cli {

Command add_doctor(CLI::App& app, Session& session) {
  CLI::App* parser = app.add_subcommand(
      "doctor", "Look at versions, processor, data, disk and speed, and say what to mend");
  const auto arguments = std::make_shared<DoctorArguments>();
  parser->add_option("DIR", arguments->folder, "Folder that results go to (default: .)")
      ->option_text(" ");
  parser->add_flag("--no-speed", arguments->no_speed, "Do not train for a second to see the speed");
  add_format(*parser, arguments->format);
  parser->footer(
      R"(Each line is ok, a note, or something to mend. It writes and deletes one small file in DIR.

Examples:
  spurion doctor
  spurion doctor /scratch/results --no-speed
  spurion doctor --format json)");
  return {parser, [arguments, &session] { return session.trainer().doctor(*arguments); }};
}

}  // namespace spurion::cli
