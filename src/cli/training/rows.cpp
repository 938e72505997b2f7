#include "cli/training/rows.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "cli/text.hpp"
#include "core/measurement_names.hpp"
#include "harness/plan/memory_budget.hpp"
#include "spurion/error.hpp"

namespace spurion::cli {

namespace {

/// Whether an option is a word: then what stands there is one, though it looks like a number.
bool takes_word(const AnySchema& schema, const std::string& option) {
  const FieldInfo* field = schema.find(option);
  return field != nullptr ? field->type == "string" : option == "preset";
}

}  // namespace

Value parse_options(const std::vector<std::string>& pairs, const AnySchema& schema) {
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

RowsOfWorld rows_of(const Catalog& catalog, const std::string& environment,
                    const RowsArguments& arguments, std::int64_t default_rows, bool with_curve) {
  RowsOfWorld out;
  const AnySchema& schema = catalog.environments.at(environment).schema;
  out.set.environment =
      harness::make_component(catalog, environment, parse_options(arguments.options, schema));
  out.set.seed = arguments.seed;
  out.set.base_seed = arguments.base_seed;
  out.set.split = harness::parse_split(arguments.split);
  out.environment = harness::make_environment(
      out.set, catalog, std::make_shared<const DataSources>(catalog.image_sources));
  std::vector<std::string> names = arguments.domains;
  if (names.empty()) {
    for (const Domain& domain : out.environment->train_domains()) names.push_back(domain.name);
    names.push_back(core::stored_domain(core::MeasuredIn::test));
    if (with_curve) {
      for (const double point : out.environment->info().shift_axis.points) {
        names.push_back(core::stored_shift(point));
      }
    }
  }
  for (const std::string& name : names) {
    const Domain domain = harness::find_domain(*out.environment, name);
    std::int64_t rows = arguments.rows;
    if (rows == 0) {
      const std::int64_t limit = out.environment->row_limit(domain, out.set.split);
      rows = std::min(default_rows, std::max<std::int64_t>(limit - arguments.first, 1));
    }
    out.set.parts.push_back({domain.name, {arguments.first, rows}});
  }
  const double needed = harness::memory_of_rows(out.set, *out.environment);
  if (needed > harness::default_memory()) {
    throw UsageError(fmt::format(
        "--rows {}: {} of {} need about {} of memory; half of the memory of this machine is {}",
        out.set.parts.front().rows.count, count(out.set.parts.front().rows.count, "row"),
        count(static_cast<std::int64_t>(out.set.parts.size()), "domain"), bytes(needed),
        bytes(harness::default_memory())));
  }
  return out;
}

}  // namespace spurion::cli
