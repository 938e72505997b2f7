#include "harness/suite/search_range.hpp"

#include <fmt/format.h>

#include <cmath>
#include <map>
#include <vector>

#include "core/place_of.hpp"
#include "spurion/error.hpp"

namespace spurion::harness {

namespace {

const std::map<std::string, Search::Kind>& kinds() {
  using Kind = Search::Kind;
  static const std::map<std::string, Kind> all = {
      {"uniform", Kind::uniform},
      {"log_uniform", Kind::log_uniform},
      {"one_minus_log_uniform", Kind::one_minus_log_uniform},
      {"uniform_integer", Kind::uniform_integer},
      {"log_uniform_integer", Kind::log_uniform_integer},
      {"choice", Kind::choice}};
  return all;
}

bool is_logarithmic(Search::Kind kind) {
  return kind == Search::Kind::log_uniform || kind == Search::Kind::one_minus_log_uniform ||
         kind == Search::Kind::log_uniform_integer;
}

}  // namespace

Search read_search(const Value& value, const std::string& owner, Problems& problems) {
  const std::string at = core::place_of(value);
  const auto wrong = [&](const std::string& expected) {
    problems.add(
        fmt::format("{}{} expects {}, got {}", at, owner, expected, value.canonical_json()));
    return fixed();
  };
  if (!value.is_table() || value.as_table().size() != 1) {
    return wrong("one distribution, like { log_uniform = [1e-4, 1e-2] }");
  }
  const auto& [name, range] = *value.as_table().begin();
  const auto kind = kinds().find(name);
  if (kind == kinds().end()) {
    std::vector<std::string> names;
    for (const auto& [known, unused] : kinds()) names.push_back(known);
    problems.add(at + core::unknown_name_of("distribution", name, "in " + owner, names));
    return fixed();
  }
  if (!range.is_list() || range.as_list().empty()) return wrong("a list");
  if (kind->second == Search::Kind::choice) return choice(range.as_list());
  const auto& ends = range.as_list();
  if (ends.size() != 2 || !ends[0].is_number() || !ends[1].is_number() ||
      !std::isfinite(ends[0].as_number()) || !std::isfinite(ends[1].as_number()) ||
      ends[0].as_number() > ends[1].as_number()) {
    return wrong("two finite numbers, low and high");
  }
  if (is_logarithmic(kind->second) && ends[0].as_number() <= 0.0) {
    return wrong("a low end above 0");
  }
  return {kind->second, ends[0].as_number(), ends[1].as_number(), {}};
}

Value search_value(const Search& search) {
  for (const auto& [name, kind] : kinds()) {
    if (kind != search.kind) continue;
    if (kind == Search::Kind::choice) return Value::Table{{name, Value::List(search.choices)}};
    return Value::Table{{name, Value::List{search.low, search.high}}};
  }
  throw LogicError("a fixed field has no search distribution");
}

}  // namespace spurion::harness
