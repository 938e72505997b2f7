#include "cli/rows_options.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <limits>

#include "cli/text.hpp"
#include "harness/plan/memory_budget.hpp"
#include "spurion/error.hpp"

namespace spurion::cli {

namespace {

/// A check of the parser: an integer of at least `low` and at most `high`.
auto at_least(std::int64_t low, std::int64_t high = std::numeric_limits<std::int64_t>::max()) {
  return [low, high](const std::string& text) {
    std::int64_t number = 0;
    const char* end = text.data() + text.size();
    const auto [rest, error] = std::from_chars(text.data(), end, number);
    const bool integer = error != std::errc::invalid_argument && rest == end;
    if (integer &&
        (number > high || (error == std::errc::result_out_of_range && text.front() != '-'))) {
      return fmt::format("expects an integer <= {}, got '{}'", high, text);
    }
    return integer && number >= low ? std::string()
                                    : fmt::format("expects an integer >= {}, got '{}'", low, text);
  };
}

/// Rows are counted from any of them on without leaving the integers.
constexpr std::int64_t kMostRows = 1'000'000'000'000;

/// Whether an option is a word: then what stands there is one, though it looks like a number.
bool takes_word(const AnySchema& schema, const std::string& option) {
  const FieldInfo* field = schema.find(option);
  return field != nullptr ? field->type == "string" : option == "preset";
}

}  // namespace

Value parse_settings(const std::vector<std::string>& pairs, const AnySchema& schema) {
  Value table;
  for (const std::string& pair : pairs) {
    const auto equals = pair.find('=');
    if (equals == std::string::npos || equals == 0) {
      throw UsageError(fmt::format("'{}' is not of the form option=value", pair));
    }
    const std::string text = pair.substr(equals + 1);
    Value value = text;
    try {
      const Value parsed = parse_toml("value = " + text, "option");
      if (const Value* found = parsed.find("value")) value = *found;
    } catch (const UsageError&) {
      // a plain word
    }
    const std::string option = pair.substr(0, equals);
    const bool other = value.is_bool() || value.is_number();
    if (other && takes_word(schema, option)) value = text;
    value.set_where({});
    table.as_table()[option] = value;
  }
  return table;
}

void add_rows_options(CLI::App& parser, RowsArguments& arguments, const std::string& rows_doc) {
  parser.add_option("SETTINGS", arguments.settings, "OPTION=VALUE ...: the environment's options")
      ->option_text(" ");
  parser
      .add_option(
          "--domain", arguments.domains,
          "train_0, test, dial=0.3, and test_CUE where there are several cues; may be given "
          "many times (default: all train domains and the test domain)")
      ->option_text("DOMAIN")
      ->allow_extra_args(false);
  parser.add_option("--rows", arguments.rows, "Rows of each domain " + rows_doc)
      ->option_text("N")
      ->check(at_least(1, kMostRows));
  parser.add_option("--first", arguments.first, "Number of the first row (default: 0)")
      ->option_text("N")
      ->check(at_least(0, kMostRows));
  parser.add_option("--split", arguments.split, "train, validation or test")
      ->option_text("PURPOSE");
  parser
      .add_option("--seed", arguments.seed,
                  "Replicate: the rows are those of a suite's trial with this seed (default: 0)")
      ->option_text("N")
      ->check(at_least(0));
  parser.add_option("--base-seed", arguments.base_seed, "Seed of that suite (default: 0)")
      ->option_text("N")
      ->check(at_least(0));
}

std::vector<std::string> given_rows_options(const CLI::App& parser,
                                            const RowsArguments& arguments) {
  std::vector<std::string> given = arguments.settings;
  for (const char* option : {"--domain", "--rows", "--first", "--split", "--seed", "--base-seed"}) {
    if (parser.count(option) > 0) given.emplace_back(option);
  }
  return given;
}

RowsOfWorld rows_of(const Session& session, const std::string& environment,
                    const RowsArguments& arguments, std::int64_t usual_rows, bool dial) {
  RowsOfWorld out;
  const AnySchema& schema = session.catalog.environments.at(environment).schema;
  out.set.environment =
      make_component(session.catalog, environment, parse_settings(arguments.settings, schema));
  out.set.seed = arguments.seed;
  out.set.base_seed = arguments.base_seed;
  out.set.split = parse_split(arguments.split);
  out.environment =
      make_environment(out.set, session.catalog, std::make_shared<const DataSources>());
  std::vector<std::string> names = arguments.domains;
  if (names.empty()) {
    for (const Domain& domain : out.environment->train_domains()) names.push_back(domain.name);
    names.emplace_back("test");
    if (dial) {
      for (const double point : out.environment->info().dial.points) {
        names.push_back(fmt::format("dial={}", point));
      }
    }
  }
  for (const std::string& name : names) {
    const Domain domain = find_domain(*out.environment, name);
    std::int64_t rows = arguments.rows;
    if (rows == 0) {
      const std::int64_t limit = out.environment->row_limit(domain, out.set.split);
      rows = std::min(usual_rows, std::max<std::int64_t>(limit - arguments.first, 1));
    }
    out.set.parts.push_back({domain.name, {arguments.first, rows}});
  }
  const double needed = memory_of_rows(out.set, *out.environment);
  if (needed > usual_memory()) {
    throw UsageError(fmt::format(
        "--rows {}: {} of {} take about {} of memory; half of what this machine has is {}",
        out.set.parts.front().rows.count, count(out.set.parts.front().rows.count, "row"),
        count(static_cast<std::int64_t>(out.set.parts.size()), "domain"), bytes(needed),
        bytes(usual_memory())));
  }
  return out;
}

}  // namespace spurion::cli
