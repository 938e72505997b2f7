#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "cli/command.hpp"
#include "harness/exchange/exported_rows.hpp"

namespace spurion::cli {

/// "key=value" pairs as a table; a value is read as TOML where it is TOML, else as a word. Where
/// the option is a word, "2" is one too.
Value parse_settings(const std::vector<std::string>& pairs, const AnySchema& schema);

/// Which rows of a world, as typed.
struct RowsArguments {
  std::vector<std::string> settings;
  std::vector<std::string> domains;
  std::string split;
  std::int64_t rows = 0;  ///< 0: not given
  std::int64_t first = 0;
  std::int64_t seed = 0;
  std::int64_t base_seed = 0;
};

/// Adds --domain, --rows, --first, --split, --seed, --base-seed; `rows_doc` says what happens
/// without --rows.
void add_rows_options(CLI::App& parser, RowsArguments& arguments, const std::string& rows_doc);

/// What of these was given: "alpha=0.2", "--rows" ...; empty when nothing was.
std::vector<std::string> given_rows_options(const CLI::App& parser, const RowsArguments& arguments);

/// The rows that were asked for. Where no domain was named: the train domains and the test domain
/// and, with `dial`, the dial points. Without --rows at most `usual_rows` of each, or as many as
/// there are.
struct RowsOfWorld {
  RowSet set;
  std::shared_ptr<const Environment> environment;
};
RowsOfWorld rows_of(const Session& session, const std::string& environment,
                    const RowsArguments& arguments, std::int64_t usual_rows, bool dial);

}  // namespace spurion::cli
