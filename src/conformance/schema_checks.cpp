#include "conformance/schema_checks.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace spurion::conformance {

namespace {

void check_documented(const EntryInfo& info, const AnySchema& schema) {
  std::string missing;
  const auto need = [&](bool there, const std::string& what) {
    if (!there) missing += (missing.empty() ? "" : ", ") + what;
  };
  need(!info.summary.empty(), "summary");
  need(!info.reference.empty(), "reference");
  for (const FieldInfo& field : schema.fields) {
    need(!field.doc.empty(), fmt::format("doc of option '{}'", field.name));
    for (const FieldInfo& inner : field.fields) {
      need(!inner.doc.empty(), fmt::format("doc of '{}' in option '{}'", inner.name, field.name));
    }
  }
  for (const PresetInfo& preset : schema.presets) {
    need(!preset.doc.empty(), fmt::format("doc of preset '{}'", preset.name));
  }
  require(missing.empty(), "missing: " + missing);
}

void check_within(const FieldInfo& field, const Value& value, const char* what) {
  if (value.is_list()) {
    for (const Value& item : value.as_list()) check_within(field, item, what);
    return;
  }
  const Bounds& bounds = field.bounds;
  const bool good = value.is_number()   ? bounds.holds(value.as_number())
                    : value.is_string() ? bounds.words.empty() ||
                                              std::find(bounds.words.begin(), bounds.words.end(),
                                                        value.as_string()) != bounds.words.end()
                                        : true;
  require(good, fmt::format("{} {} of option '{}' is not {}", what, value.canonical_json(),
                            field.name, bounds.text()));
}

void check_round_trip(const EntryInfo& info, const AnySchema& schema, const Value& given) {
  std::set<std::string> names;
  for (const FieldInfo& field : schema.fields) {
    check_registered_name("option", field.name);
    require(names.insert(field.name).second,
            fmt::format("option '{}' is declared twice", field.name));
    if (!field.required) check_within(field, field.default_value, "default");
  }
  const Value all = normalised(schema, given, info.name);
  for (const FieldInfo& field : schema.fields) {
    const Value* value = all.find(field.name);
    require(
        value != nullptr && (given.find(field.name) != nullptr || *value == field.default_value),
        fmt::format("option '{}', not given, is not its default", field.name));
  }
  const Value again = normalised(schema, parse_json(all.canonical_json(), "options"), info.name);
  require(again == all, "options printed and parsed again differ: " + again.canonical_json());
  require_refused("an unknown option", [&] {
    Value unknown = given;
    unknown.as_table()["no_such_option"] = 1;
    return normalised(schema, unknown, info.name);
  });
}

void check_search(const EntryInfo& info, const AnySchema& schema) {
  constexpr std::uint64_t kDraws = 200;
  for (const FieldInfo& field : schema.fields) {
    if (field.search.kind == Search::Kind::fixed) continue;
    for (std::uint64_t draw = 0; draw < kDraws; ++draw) {
      const RandomKey key = RandomKey(draw).child(field.name);
      const Value value = field.search.draw(key);
      require(value == field.search.draw(key),
              fmt::format("two samples of '{}' with one key differ", field.name));
      check_within(field, value, "draw");
      normalised(schema, Value::Table{{field.name, value}}, info.name);
    }
  }
}

}  // namespace

Value normalised(const AnySchema& schema, const Value& options, const std::string& name) {
  Problems problems;
  Value out = schema.normalise(options, name, problems);
  problems.raise();
  return out;
}

std::vector<Value> replica_options(const AnySchema& schema, const Value& options,
                                   const std::string& name, std::int64_t replicas) {
  std::vector<Value> each;
  for (std::int64_t k = 0; k < replicas; ++k) {
    Value own = normalised(schema, options, name);
    for (const FieldInfo& field : schema.fields) {
      const bool drawn = field.per_replica && field.search.kind != Search::Kind::fixed;
      if (k == 0 || !drawn || options.find(field.name) != nullptr) continue;
      own.as_table()[field.name] =
          field.search.draw(RandomKey(static_cast<std::uint64_t>(k)).child(field.name));
    }
    each.push_back(std::move(own));
  }
  return each;
}

void check_entry(Checker& checker, const EntryInfo& info, const AnySchema& schema,
                 const Value& required) {
  checker.check("documented", [&] { check_documented(info, schema); });
  checker.check("options round-trip, defaults within bounds",
                [&] { check_round_trip(info, schema, required); });
  checker.check("search samples within bounds", [&] { check_search(info, schema); });
}

}  // namespace spurion::conformance
