#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "cli/arguments.hpp"

namespace spurion::cli {

/// Adds --domain, --rows, --first, --split, --seed, --base-seed; `rows_doc` says what happens
/// without --rows.
void add_rows_options(CLI::App& parser, RowsArguments& arguments, const std::string& rows_doc);

/// What of these was given: "alpha=0.2", "--rows" ...; empty when nothing was.
std::vector<std::string> given_rows_options(const CLI::App& parser, const RowsArguments& arguments);

}  // namespace spurion::cli
