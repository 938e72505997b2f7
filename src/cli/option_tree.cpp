#include "cli/option_tree.hpp"

namespace spurion::cli {

namespace {

OptionNode node_of(const CLI::Option& option) {
  OptionNode node;
  node.positional = option.get_positional();
  node.text = option.get_description();
  node.takes_value = option.get_items_expected_max() > 0;
  if (node.positional) {
    node.names.push_back(option.get_name(true));
    return node;
  }
  for (const std::string& name : option.get_snames()) node.names.push_back("-" + name);
  for (const std::string& name : option.get_lnames()) node.names.push_back("--" + name);
  if (node.takes_value) {
    node.value = option.get_option_text();
    if (node.value.empty()) node.value = "VALUE";
  }
  return node;
}

}  // namespace

CommandNode option_tree(const CLI::App& app) {
  CommandNode node{app.get_name(), app.get_description(), {}, {}, app.get_footer()};
  for (const CLI::Option* option : app.get_options()) {
    node.options.push_back(node_of(*option));
  }
  for (const CLI::App* sub : app.get_subcommands([](const CLI::App*) { return true; })) {
    node.commands.push_back(option_tree(*sub));
  }
  return node;
}

}  // namespace spurion::cli
