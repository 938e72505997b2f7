#pragma once

#include "spurion/schema.hpp"

namespace spurion::catalog {

/// Options without the fields in which replicas of one pack may differ, such as those that a
/// random search draws: trials that agree on the rest are planned and checked as one.
inline Value shared_options(const Value& options, const AnySchema& schema) {
  Value shared = options;
  for (const FieldInfo& field : schema.fields) {
    if (field.per_replica && shared.find(field.name) != nullptr) {
      shared.as_table().erase(field.name);
    }
  }
  return shared;
}

}  // namespace spurion::catalog
