#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <string>
#include <vector>

#include "spurion/catalog.hpp"

/// \file
/// What sub-commands share. Each is one file NAME_command.cpp with one function add_NAME.

namespace spurion::cli {

/// What a sub-command works with.
struct Session {
  Catalog catalog;
  std::vector<std::string> plugins;    ///< files given with --plugin
  std::vector<std::string> arguments;  ///< the command line as it was typed
};

/// A sub-command as the parser knows it, and what runs it once it was chosen; returns an exit code.
struct Command {
  CLI::App* parser;
  std::function<int()> run;
};

Command add_run(CLI::App& app, Session& session);
Command add_report(CLI::App& app, Session& session);
Command add_prune(CLI::App& app, Session& session);
Command add_list(CLI::App& app, Session& session);
Command add_describe(CLI::App& app, Session& session);
Command add_data(CLI::App& app, Session& session);
Command add_export(CLI::App& app, Session& session);
Command add_score(CLI::App& app, Session& session);
Command add_selftest(CLI::App& app, Session& session);

/// Adds `--format text|json`.
void add_format(CLI::App& parser, std::string& format);

}  // namespace spurion::cli
