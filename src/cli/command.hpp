#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "cli/arguments.hpp"
#include "cli/training_commands.hpp"

/// \file
/// What sub-commands share. Each is one file NAME_command.cpp with one function add_NAME.

namespace spurion::cli {

/// What a sub-command works with.
struct Session {
  CommandLine line;
  std::unique_ptr<TrainingCommands> training;  ///< null until it is needed

  /// The commands that train, loaded when they are asked for first.
  TrainingCommands& trainer() {
    if (!training) training = load_training_commands();
    return *training;
  }
  /// The image sources there are, those of plug-ins included.
  [[nodiscard]] ImageSources image_sources() const {
    return training ? training->image_sources() : builtin_image_sources();
  }
  /// The kinds of questions there are, those of plug-ins included.
  [[nodiscard]] QuestionKinds questions() const {
    return training ? training->questions() : builtin_questions();
  }
};

/// A sub-command as the parser knows it, and what runs it once it was chosen; returns an exit code.
struct Command {
  CLI::App* parser;
  std::function<int()> run;
};

Command add_run(CLI::App& app, Session& session);
Command add_plan(CLI::App& app, Session& session);
Command add_submit(CLI::App& app, Session& session);
Command add_status(CLI::App& app, Session& session);
Command add_merge(CLI::App& app, Session& session);
Command add_verify(CLI::App& app, Session& session);
Command add_report(CLI::App& app, Session& session);
Command add_compare(CLI::App& app, Session& session);
Command add_power(CLI::App& app, Session& session);
Command add_prune(CLI::App& app, Session& session);
Command add_check(CLI::App& app, Session& session);
Command add_repair(CLI::App& app, Session& session);
Command add_list(CLI::App& app, Session& session);
Command add_describe(CLI::App& app, Session& session);
Command add_data(CLI::App& app, Session& session);
Command add_export(CLI::App& app, Session& session);
Command add_score(CLI::App& app, Session& session);
Command add_selftest(CLI::App& app, Session& session);
Command add_check_width(CLI::App& app, Session& session);
Command add_doctor(CLI::App& app, Session& session);
Command add_completion(CLI::App& app);
Command add_man(CLI::App& app);

/// What is wrong with the text of a number of workers or trials; empty where nothing is.
std::string check_positive(const std::string& text);
/// Bytes of "512M", "8GB", "1.5G", "2GiB"; negative when it is no size. And what is wrong with the
/// text of one; empty where nothing is.
double parse_size(const std::string& text);
std::string check_size(const std::string& text);

/// Adds `--format text|json`.
void add_format(CLI::App& parser, std::string& format,
                const std::vector<std::string>& words = {"text", "json"});

}  // namespace spurion::cli
