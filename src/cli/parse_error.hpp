#pragma once

#include <CLI/CLI.hpp>
#include <string>

namespace spurion::cli {

/// What is wrong with a command line that the parser refused, with the nearest command or option.
std::string parse_error_message(const CLI::App& app, const CLI::ParseError& error);

}  // namespace spurion::cli
