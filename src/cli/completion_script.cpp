#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "cli/option_tree.hpp"

namespace spurion::cli {

namespace {

/// Every name that may come after a command, and those whose value is the next word.
struct Words {
  std::vector<std::string> names;
  std::vector<std::string> with_value;
};

void add_options(const CommandNode& command, Words& words) {
  for (const OptionNode& option : command.options) {
    if (option.positional) continue;
    for (const std::string& name : option.names) {
      if (std::find(words.names.begin(), words.names.end(), name) != words.names.end()) continue;
      words.names.push_back(name);
      if (option.takes_value) words.with_value.push_back(name);
    }
  }
}

/// Whether an argument of the command names a suite.
bool takes_suite(const CommandNode& command) {
  for (const OptionNode& option : command.options) {
    if (option.positional && option.names.front() == "SUITE") return true;
  }
  return false;
}

/// One branch of the script's `case`: what may follow `path`, such as "data status".
void add_branches(const CommandNode& program, const CommandNode& command, const std::string& path,
                  const std::vector<std::string>& suites, std::string& out) {
  Words words;
  add_options(command, words);
  if (&command != &program) add_options(program, words);  // may stand after the command too
  std::vector<std::string> commands;
  for (const CommandNode& sub : command.commands) commands.push_back(sub.name);
  out +=
      fmt::format("    '{}')\n      options='{}'\n      valued=' {} '\n      words='{}{}{}' ;;\n",
                  path, fmt::join(words.names, " "), fmt::join(words.with_value, " "),
                  fmt::join(commands, " "), commands.empty() ? "" : " ",
                  takes_suite(command) ? fmt::format("{}", fmt::join(suites, " ")) : "");
  for (const CommandNode& sub : command.commands) {
    add_branches(program, sub, path.empty() ? sub.name : path + " " + sub.name, suites, out);
  }
}

/// A pattern of the `case` that walks along the words typed: which of them are commands.
void add_paths(const CommandNode& command, const std::string& path, std::string& out) {
  for (const CommandNode& sub : command.commands) {
    const std::string full = path.empty() ? sub.name : path + " " + sub.name;
    out += fmt::format("{}'{}'", out.empty() ? "" : "|", full);
    add_paths(sub, full, out);
  }
}

}  // namespace

std::string completion_script(const CommandNode& program, const std::string& shell,
                              const std::vector<std::string>& suites) {
  std::string paths;
  add_paths(program, "", paths);
  std::string branches;
  add_branches(program, program, "", suites, branches);
  // zsh reads functions for bash once bashcompinit is loaded: one script, made once. It looks for
  // the first line in files of completions.
  const std::string begin =
      shell == "zsh" ? "#compdef spurion\nautoload -U +X bashcompinit && bashcompinit\n" : "";
  return fmt::format(R"({1}# {0} completion for spurion. Made by: spurion completion {0}
_spurion() {{
  local word last path='' options='' valued='' words='' i step
  word=${{COMP_WORDS[COMP_CWORD]}}
  last=${{COMP_WORDS[COMP_CWORD-1]}}
  for ((i = 1; i < COMP_CWORD; i++)); do
    step="${{path:+$path }}${{COMP_WORDS[i]}}"
    case "$step" in
    {2}) path=$step ;;
    esac
  done
  case "$path" in
{3}  esac
  COMPREPLY=()
  if [[ $valued == *" $last "* || $word != -* ]]; then
    if [[ $valued != *" $last "* ]]; then
      COMPREPLY=($(compgen -W "$words" -- "$word"))
      [[ -z $path ]] && return
    fi
    COMPREPLY+=($(compgen -f -- "$word"))
  else
    COMPREPLY=($(compgen -W "$options" -- "$word"))
  fi
}}
complete -o filenames -F _spurion spurion
)",
                     shell, begin, paths, branches);
}

}  // namespace spurion::cli
