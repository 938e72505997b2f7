#include <memory>
#include <string>

#include "cli/command.hpp"
#include "cli/option_tree.hpp"
#include "cli/output.hpp"
#include "spurion/error.hpp"
#include "spurion/suite.hpp"

namespace spurion::cli {

Command add_completion(CLI::App& app) {
  CLI::App* parser =
      app.add_subcommand("completion", "Print a script that completes spurion's words in a shell");
  const auto shell = std::make_shared<std::string>();
  parser->add_option("SHELL", *shell, "bash or zsh")
      ->option_text(" ")
      ->required()
      ->check([](const std::string& word) {
        return word == "bash" || word == "zsh" ? std::string()
                                               : "expects bash or zsh, got '" + word + "'";
      });
  parser->footer(R"(An installed spurion has both scripts where the shells look for them.

Examples:
  source <(spurion completion bash)
  spurion completion zsh > ~/.zfunc/_spurion)");
  return {parser, [shell, &app] {
            print("{}", completion_script(option_tree(app), *shell, suite_names()));
            return 0;
          }};
}

}  // namespace spurion::cli
