#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "cli/arguments.hpp"
#include "harness/exchange/exported_rows.hpp"

namespace spurion::cli {

/// "key=value" pairs as a table; a value is read as TOML where it is TOML, else as a word. Where
/// the option is a word, "2" is one too.
Value parse_options(const std::vector<std::string>& pairs, const AnySchema& schema);

/// The rows that were asked for. Where no domain was named: the train domains and the test domain
/// and, with `with_curve`, the values of the shift curve. Without --rows at most `default_rows` of
/// each, or as many as there are.
struct RowsOfWorld {
  harness::RowSet set;
  std::shared_ptr<const Environment> environment;
};
RowsOfWorld rows_of(const Catalog& catalog, const std::string& environment,
                    const RowsArguments& arguments, std::int64_t default_rows, bool with_curve);

}  // namespace spurion::cli
