#pragma once

#include <algorithm>
#include <string>

#include "spurion/schema.hpp"

namespace spurion::catalog {

/// A text of options without the fields in which replicas of one pack may differ, such as those
/// that a random search draws: trials that agree on it are planned and checked as one.
inline std::string shared_text(const Value& options, const AnySchema& schema) {
  std::string text;
  for (const auto& [name, value] : options.as_table()) {
    const auto own =
        std::find_if(schema.fields.begin(), schema.fields.end(),
                     [&, &name = name](const FieldInfo& field) { return field.name == name; });
    if (own != schema.fields.end() && own->per_replica) continue;
    text += name;
    text += '=';
    text += value.canonical_json();
    text += ',';
  }
  return text;
}

}  // namespace spurion::catalog
