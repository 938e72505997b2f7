#include <fmt/format.h>
#include <fmt/ranges.h>

#include <sstream>

#include "cli/option_tree.hpp"

namespace spurion::cli {

namespace {

/// Text as roff prints it: no character is a command, and a hyphen stays one that can be searched.
std::string roff(const std::string& text) {
  std::string out;
  bool begins = true;
  for (const char c : text) {
    if (begins && (c == '.' || c == '\'')) out += "\\&";
    begins = c == '\n';
    if (c == '\\') {
      out += "\\e";
    } else if (c == '-') {
      out += "\\-";
    } else {
      out += c;
    }
  }
  return out;
}

void add_option(const OptionNode& option, std::string& out) {
  std::vector<std::string> names;
  for (const std::string& name : option.names) {
    names.push_back(fmt::format("\\fB{}\\fR", roff(name)));
  }
  const std::string value =
      option.value.empty() ? "" : fmt::format(" \\fI{}\\fR", roff(option.value));
  out += fmt::format(".TP\n{}{}\n{}\n", fmt::join(names, ", "), value, roff(option.text));
}

/// Lines as they are: examples.
void add_verbatim(const std::string& text, std::string& out) {
  if (text.empty()) return;
  out += fmt::format(".PP\n.nf\n{}\n.fi\n", roff(text));
}

void add_command(const CommandNode& command, const std::string& path, std::string& out) {
  std::string usage = path;
  for (const OptionNode& option : command.options) {
    if (option.positional) usage += " " + option.names.front();
  }
  out += fmt::format(".SS {}\n{}.\n", roff(usage), roff(command.text));
  for (const OptionNode& option : command.options) {
    const bool help = !option.positional && option.names.back() == "--help";
    if (!help) add_option(option, out);
  }
  add_verbatim(command.footer, out);
  for (const CommandNode& sub : command.commands) add_command(sub, path + " " + sub.name, out);
}

}  // namespace

std::string manual_page(const CommandNode& program, const std::string& version) {
  std::string out = fmt::format(
      ".\\\" Made by: spurion man\n"
      ".TH SPURION 1 \"\" \"spurion {0}\" \"User Commands\"\n"
      ".SH NAME\n"
      "spurion \\- measures what closes the out\\-of\\-distribution gap of models that rely on a "
      "spurious cue\n"
      ".SH SYNOPSIS\n"
      ".B spurion\n"
      "[\\fIOPTIONS\\fR] \\fICOMMAND\\fR [\\fIARGUMENTS\\fR]\n"
      ".SH DESCRIPTION\n"
      "spurion trains models on data with a known causal mechanism and a spurious cue, shifts the "
      "cue, and reports what the models learned, with intervals.\n"
      ".SH OPTIONS\n",
      roff(version));
  for (const OptionNode& option : program.options) add_option(option, out);
  out += ".SH COMMANDS\n";
  for (const CommandNode& command : program.commands) add_command(command, command.name, out);
  out += ".SH ENVIRONMENT\n";
  add_option({{"SPURION_DATA"},
              true,
              false,
              "",
              "Folder of the image data (default: $XDG_DATA_HOME/spurion or "
              "~/.local/share/spurion)."},
             out);
  out += ".SH NOTES\n";
  add_verbatim(program.footer, out);
  return out;
}

}  // namespace spurion::cli
