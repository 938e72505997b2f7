#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

/// \file
/// The command line as the parser knows it, as a tree of plain values: shell completion and the
/// manual page are made from it, so that they name what there is.

namespace spurion::cli {

/// One option or positional argument.
struct OptionNode {
  std::vector<std::string> names;  ///< "--jobs"; of a positional argument its name, "SUITE"
  bool positional = false;
  bool takes_value = false;
  std::string value;  ///< what the value is called: "N"
  std::string text;   ///< one sentence
};

/// A command, or the program itself.
struct CommandNode {
  std::string name;
  std::string text;  ///< one sentence
  std::vector<OptionNode> options;
  std::vector<CommandNode> commands;
  std::string footer;  ///< examples
};

/// The tree below `app`.
CommandNode option_tree(const CLI::App& app);

/// A script of completions for "bash" or "zsh"; `suites` are the names that a suite may have.
std::string completion_script(const CommandNode& program, const std::string& shell,
                              const std::vector<std::string>& suites);

/// The manual page spurion(1), in roff. `version`: "0.2.0".
std::string manual_page(const CommandNode& program, const std::string& version);

}  // namespace spurion::cli
