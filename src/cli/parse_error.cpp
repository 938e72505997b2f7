#include "cli/parse_error.hpp"

#include <fmt/format.h>

#include <vector>

#include "spurion/error.hpp"

namespace spurion::cli {

namespace {

/// The sub-command chosen last, down to the deepest; the application itself when there is none.
const CLI::App* chosen(const CLI::App& app) {
  const CLI::App* deepest = &app;
  for (auto parsed = deepest->get_subcommands(); !parsed.empty();
       parsed = deepest->get_subcommands()) {
    deepest = parsed.back();
  }
  return deepest;
}

/// "spurion data status"
std::string full_name(const CLI::App* app) {
  std::string name = app->get_name();
  for (const CLI::App* up = app->get_parent(); up != nullptr; up = up->get_parent()) {
    name.insert(0, up->get_name() + " ");
  }
  return name;
}

std::vector<std::string> sub_commands(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* sub : app.get_subcommands([](const CLI::App*) { return true; })) {
    names.push_back(sub->get_name());
  }
  return names;
}

std::vector<std::string> options(const CLI::App* app) {
  std::vector<std::string> names;
  for (; app != nullptr; app = app->get_parent()) {
    for (const CLI::Option* option : app->get_options()) {
      for (const std::string& name : option->get_lnames()) {
        const std::string full = "--" + name;
        if (std::find(names.begin(), names.end(), full) == names.end()) names.push_back(full);
      }
    }
  }
  return names;
}

/// The first argument nobody took that looks like an option, else the first that nobody took.
std::string unexpected(const CLI::App& app) {
  const std::vector<std::string> left = app.remaining(true);
  for (const std::string& argument : left) {
    if (argument.size() > 1 && argument.front() == '-') return argument;
  }
  return left.empty() ? std::string() : left.front();
}

}  // namespace

std::string parse_error_message(const CLI::App& app, const CLI::ParseError& error) {
  const CLI::App* command = chosen(app);
  const std::string help = fmt::format("; see {} --help", full_name(command));
  const std::string extra = unexpected(app);
  const std::vector<std::string> commands = sub_commands(*command);
  if (extra.size() > 1 && extra.front() == '-') {
    const std::string name = extra.substr(0, extra.find('='));
    const std::string nearest = nearest_name(name, options(command));
    return fmt::format("unknown option '{}'{}{}", name,
                       nearest.empty() ? "" : fmt::format("; did you mean '{}'?", nearest), help);
  }
  if (extra == "help") {
    return "there is no command 'help'; write 'spurion --help', or 'spurion COMMAND --help'";
  }
  if (!extra.empty() && !commands.empty()) {
    return unknown_name_message("command", extra, commands) + help;
  }
  if (!extra.empty()) return fmt::format("unexpected argument '{}'{}", extra, help);
  if (dynamic_cast<const CLI::RequiredError*>(&error) != nullptr) {
    if (!commands.empty()) {
      return fmt::format("{} needs a command: {}{}", full_name(command), fmt::join(commands, ", "),
                         help);
    }
    return fmt::format("{}{}", error.what(), help);
  }
  return error.what() + help;
}

}  // namespace spurion::cli
